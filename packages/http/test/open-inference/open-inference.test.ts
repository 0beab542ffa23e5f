import { describe, expect, test } from '@jest/globals';

import { type Datatype, openInference } from '../../src/index.js';
import { makeBroker, startBroker } from '../support/brokers.js';
import { FRAMEWORKS, serve } from '../support/servers.js';

const model = (datatype: Datatype, shape: number[] = [-1]) => ({
  name: 'm',
  inputs: [{ name: 'x', datatype, shape }],
  outputs: [{ name: 'y', datatype, shape }],
  method: 'infer',
});

async function serveModel(datatype: Datatype, shape?: number[]): Promise<string> {
  return (await serve(openInference(await startBroker(), model(datatype, shape)))).url;
}

async function post(url: string, body: string | Uint8Array, headers: Record<string, string> = {}) {
  const answer = await fetch(url, { method: 'POST', body, headers });
  return { status: answer.status, body: await answer.text() };
}

/** A request as tritonclient sends it if no outputs are named: binary data both ways. */
function tritonRequest(datatype: string, count: number, hex: string): { body: Buffer; header: string } {
  const data = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const json = `{"inputs":[{"name":"x","shape":[${count}],"datatype":"${datatype}","parameters":{"binary_data_size":${data.length}}}],"parameters":{"binary_data_output":true}}`;
  return { body: Buffer.concat([Buffer.from(json), data]), header: `${json.length}` };
}

describe.each(FRAMEWORKS)('in %s', (_name, open) => {
  test('metadata, health and an inference follow the protocol', async () => {
    const { url } = await open(openInference(await startBroker(), model('UINT32', [-1, 2])));
    expect(await (await fetch(`${url}/v2/`)).json()).toMatchObject({ extensions: ['binary_tensor_data'] });
    for (const path of [
      '/v2/health/live',
      '/v2/health/ready',
      '/v2/models/m/ready',
      '/v2/models/m/versions/1/ready',
    ])
      expect((await fetch(url + path)).status).toBe(200);
    expect(await (await fetch(`${url}/v2/models/m/versions/1`)).json()).toEqual({
      name: 'm',
      versions: ['1'],
      platform: 'dual_broker',
      inputs: [{ name: 'x', datatype: 'UINT32', shape: [-1, 2] }],
      outputs: [{ name: 'y', datatype: 'UINT32', shape: [-1, 2] }],
    });
    for (const data of ['[1,2,3,4]', '[[1,2],[3,4]]']) {
      const request = `{"id":"42","inputs":[{"name":"x","shape":[2,2],"datatype":"UINT32","data":${data}}],"outputs":[{"name":"y"}]}`;
      const { body } = await post(`${url}/v2/models/m/infer`, request);
      expect(body).toBe(
        '{"model_name":"m","model_version":"1","id":"42","outputs":[{"name":"y","datatype":"UINT32","shape":[2,2],"data":[1,2,3,4]}]}',
      );
    }
  });
});

test.each<[Datatype, number, string]>([
  ['BOOL', 3, '01 00 01'],
  ['INT8', 2, 'ff 7f'],
  ['UINT8', 2, 'ff 00'],
  ['INT16', 1, 'fe ff'],
  ['UINT16', 1, '34 12'],
  ['INT32', 1, '78 56 34 12'],
  ['UINT32', 1, 'ff ff ff ff'],
  ['INT64', 1, '00 00 00 00 00 00 00 80'],
  ['UINT64', 1, 'ff ff ff ff ff ff ff ff'],
  ['FP16', 2, '00 3c 00 7e'],
  ['BF16', 1, '80 3f'],
  ['FP32', 2, '00 00 80 3f 00 00 c0 7f'],
  ['FP64', 1, '00 00 00 00 00 00 f0 3f'],
  ['BYTES', 3, '03 00 00 00 61 62 63 00 00 00 00 01 00 00 00 ff'],
])('binary data of %s goes through the pipeline byte for byte', async (datatype, count, hex) => {
  const url = await serveModel(datatype);
  const { body, header } = tritonRequest(datatype, count, hex);
  const answer = await fetch(`${url}/v2/models/m/infer`, {
    method: 'POST',
    body,
    headers: { 'inference-header-content-length': header },
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  const length = Number(answer.headers.get('inference-header-content-length'));
  expect(bytes.subarray(length).toString('hex')).toBe(hex.replaceAll(' ', ''));
  expect(JSON.parse(bytes.subarray(0, length).toString())).toMatchObject({
    outputs: [
      { name: 'y', datatype, shape: [count], parameters: { binary_data_size: bytes.length - length } },
    ],
  });
});

test.each<[string, string]>([
  ['no JSON', '{'],
  ['no object', '[]'],
  ['no input', '{"inputs":[]}'],
  ['an unknown input', '{"inputs":[{"name":"z","shape":[1],"datatype":"INT8","data":[1]}]}'],
  ['another datatype', '{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}'],
  ['another rank', '{"inputs":[{"name":"x","shape":[1,1],"datatype":"INT8","data":[1]}]}'],
  ['a negative size', '{"inputs":[{"name":"x","shape":[-1],"datatype":"INT8","data":[1]}]}'],
  ['an enormous size', '{"inputs":[{"name":"x","shape":[9007199254740991],"datatype":"INT8","data":[1]}]}'],
  ['too few elements', '{"inputs":[{"name":"x","shape":[3],"datatype":"INT8","data":[1]}]}'],
  ['an element out of range', '{"inputs":[{"name":"x","shape":[1],"datatype":"INT8","data":[128]}]}'],
  [
    'binary data that is missing',
    '{"inputs":[{"name":"x","shape":[1],"datatype":"INT8","parameters":{"binary_data_size":1}}]}',
  ],
  [
    'an unknown output',
    '{"inputs":[{"name":"x","shape":[1],"datatype":"INT8","data":[1]}],"outputs":[{"name":"__proto__"}]}',
  ],
])('a request with %s is refused with a text', async (_name, body) => {
  const answer = await post(`${await serveModel('INT8')}/v2/models/m/infer`, body);
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.body)).toEqual({ error: expect.any(String), code: 'ERR_INFERENCE_REQUEST' });
});

test('an output that JSON cannot express is refused, and not falsified', async () => {
  const url = await serveModel('FP32');
  const nan = tritonRequest('FP32', 1, '00 00 c0 7f');
  const body = nan.body.toString('latin1').replace('true', ' 0  ').replace('_output":', '_outpuT":');
  const answer = await post(`${url}/v2/models/m/infer`, Buffer.from(body, 'latin1'), {
    'inference-header-content-length': nan.header,
  });
  expect([answer.status, JSON.parse(answer.body)]).toMatchObject([422, { code: 'ERR_OUTPUT_NOT_JSON' }]);
});

test('TensorFlow Serving’s predict takes rows, columns and base64', async () => {
  const numbers = `${await serveModel('FP32', [-1, 2])}/v1/models/m:predict`;
  expect((await post(numbers, '{"instances":[[1,2],[3,4]]}')).body).toBe('{"predictions":[[1,2],[3,4]]}');
  expect((await post(numbers, '{"instances":[{"x":[1,2]}]}')).body).toBe('{"predictions":[[1,2]]}');
  expect((await post(numbers, '{"inputs":{"x":[[1,2]]}}')).body).toBe('{"outputs":[[1,2]]}');
  expect((await post(numbers, '{"instances":[[1]]}')).status).toBe(400);
  const strings = `${await serveModel('BYTES')}/v1/models/m:predict`;
  expect((await post(strings, '{"instances":[{"b64":"aGk="},{"b64":"/w=="},"ä"]}')).body).toBe(
    '{"predictions":["hi",{"b64":"/w=="},"ä"]}',
  );
});

test('a model that is not loaded is not ready', async () => {
  const { url } = await serve(openInference(makeBroker(), model('INT8')));
  expect((await fetch(`${url}/v2/models/m/ready`)).status).toBe(503);
  expect(await (await fetch(`${url}/v1/models/m`)).json()).toMatchObject({
    model_version_status: [{ version: '1', state: 'LOADING' }],
  });
});
