import type { ServerResponse } from 'node:http';

import { sendBody } from '../answer/send-body.js';
import { encodeBinary } from './binary-data.js';
import type { InferRequest } from './infer-request.js';
import { elementTexts } from './json-data.js';
import { outputOf } from './outputs.js';

/** The model, as an answer names it. */
interface Answered {
  readonly name: string;
  readonly version: string;
}

/**
 * Answers an inference request: JSON, then the binary data of outputs that were requested as such.
 * @param result What the pipeline returned.
 */
export function sendInferResponse(
  res: ServerResponse,
  { id, outputs }: InferRequest,
  { name, version }: Answered,
  result: unknown,
): void {
  const buffers: Buffer[] = [];
  const texts = outputs.map(({ spec, binary }) => {
    const output = outputOf(result, spec);
    const { datatype, shape } = output;
    const head = JSON.stringify({ name: spec.name, datatype, shape }).slice(0, -1);
    if (!binary) return `${head},"data":[${elementTexts(spec.name, output).join(',')}]}`;
    const bytes = encodeBinary(output);
    buffers.push(bytes);
    return `${head},"parameters":{"binary_data_size":${bytes.length}}}`;
  });
  const head = JSON.stringify({ model_name: name, model_version: version, id }).slice(0, -1);
  const json = Buffer.from(`${head},"outputs":[${texts.join(',')}]}`);
  const body = Buffer.concat([json, ...buffers]);
  const headers =
    buffers.length === 0
      ? { 'content-type': 'application/json' }
      : { 'content-type': 'application/octet-stream', 'inference-header-content-length': json.length };
  sendBody(res, 200, headers, body);
}
