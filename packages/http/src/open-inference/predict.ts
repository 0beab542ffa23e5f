import type { ServerResponse } from 'node:http';

import { sendBody } from '../answer/send-body.js';
import { decodeBase64 } from '../receive/decode-base64.js';
import type { Signature } from './infer-request.js';
import { invalid } from './invalid.js';
import { decodeJson, elementTexts } from './json-data.js';
import { outputOf } from './outputs.js';
import { isRecord, member, parseRecord } from './record.js';
import { fits, type Tensor, type Tensors, type TensorSpec } from './tensor.js';

/** A predict request of TensorFlow Serving's REST API. */
interface PredictRequest {
  /** The inputs by name: each that the model declares. */
  readonly inputs: Tensors;
  /** Whether the inputs came row by row, and the outputs go so. */
  readonly rows: boolean;
}

/**
 * Reads a predict request of TensorFlow Serving.
 * @throws {Problem} If it is malformed, or does not fit the model (400).
 */
export function readPredictRequest(body: Buffer, { inputs: specs }: Signature): PredictRequest {
  const request = parseRecord(body);
  const signature = member(request, 'signature_name') ?? 'serving_default';
  if (signature !== 'serving_default') throw invalid('The model has only the signature serving_default.');
  const instances = member(request, 'instances');
  const columns = member(request, 'inputs');
  if ((instances === undefined) === (columns === undefined))
    throw invalid('The request must have either instances or inputs.');
  const value = instances === undefined ? columns : byColumn(instances, specs);
  const inputs = specs.map((spec) => {
    const own = isRecord(value) && Object.hasOwn(value, spec.name) ? value[spec.name] : undefined;
    const data = own ?? (specs.length === 1 ? value : undefined);
    if (data === undefined) throw invalid(`The input ${spec.name} is missing.`);
    return [spec.name, read(data, spec)] as const;
  });
  return { inputs: Object.fromEntries(inputs), rows: instances !== undefined };
}

/** Instances are objects with a value for each input; if the model has one input, they can be its values. */
function byColumn(instances: unknown, specs: readonly TensorSpec[]): unknown {
  if (!Array.isArray(instances) || instances.length === 0) throw invalid('The instances are not a list.');
  const rows: unknown[] = instances;
  const only = specs.length === 1 ? specs[0] : undefined;
  if (only !== undefined && !rows.every((row) => isRecord(row) && Object.hasOwn(row, only.name))) return rows;
  const columns = specs.map(({ name }) => {
    const column = rows.map((row) => {
      if (!isRecord(row) || !Object.hasOwn(row, name))
        throw invalid(`An instance has no value of the input ${name}.`);
      return row[name];
    });
    return [name, column] as const;
  });
  return Object.fromEntries(columns);
}

function read(data: unknown, spec: TensorSpec): Tensor {
  const shape: number[] = [];
  let first = data;
  while (Array.isArray(first) && shape.length <= spec.shape.length) {
    shape.push(first.length);
    first = first[0];
  }
  if (!fits(shape, spec.shape))
    throw invalid(
      `The input ${spec.name} has the shape [${shape.join(', ')}]. The model takes [${spec.shape.join(', ')}], where -1 is any size.`,
    );
  return decodeJson(spec.datatype === 'BYTES' ? decoded(data, spec, shape.length) : data, spec, shape);
}

/** Replaces each `{"b64": "…"}` by its bytes. */
function decoded(data: unknown, spec: TensorSpec, depth: number): unknown {
  if (depth > 0 && Array.isArray(data)) return data.map((value) => decoded(value, spec, depth - 1));
  const text = isRecord(data) ? member(data, 'b64') : undefined;
  return typeof text === 'string' ? decodeBase64(text, spec.name).bytes : data;
}

/**
 * Answers a predict request. If the model has one output, its values stand without its name.
 * @param result What the pipeline returned.
 */
export function sendPredictions(
  res: ServerResponse,
  { rows }: PredictRequest,
  specs: readonly TensorSpec[],
  result: unknown,
): void {
  const outputs = specs.map((spec) => {
    const output = outputOf(result, spec);
    return {
      key: JSON.stringify(spec.name),
      shape: output.shape,
      texts: elementTexts(spec.name, output, text),
    };
  });
  const body = rows ? `{"predictions":${byRow(outputs)}}` : `{"outputs":${byName(outputs)}}`;
  sendBody(res, 200, { 'content-type': 'application/json' }, body);
}

interface OutputTexts {
  readonly key: string;
  readonly shape: readonly number[];
  readonly texts: readonly string[];
}

function byName(outputs: readonly OutputTexts[]): string {
  const [only] = outputs;
  if (only !== undefined && outputs.length === 1) return nested(only.texts, only.shape);
  return `{${outputs.map(({ key, shape, texts }) => `${key}:${nested(texts, shape)}`).join(',')}}`;
}

function byRow(outputs: readonly OutputTexts[]): string {
  const count = outputs[0]?.shape[0];
  if (count === undefined || outputs.some(({ shape }) => shape[0] !== count))
    throw new TypeError(
      'The pipeline returned outputs whose first dimensions differ, for a request row by row',
    );
  const rows = Array.from({ length: count }, (_, row) =>
    byName(
      outputs.map(({ key, shape, texts }) => {
        const size = texts.length / count;
        return { key, shape: shape.slice(1), texts: texts.slice(row * size, (row + 1) * size) };
      }),
    ),
  );
  return `[${rows.join(',')}]`;
}

function nested(texts: readonly string[], shape: readonly number[]): string {
  if (shape.length === 0) return texts[0] ?? 'null';
  let level = texts;
  for (const [i, size] of [...shape.entries()].reverse()) {
    const count = shape.slice(0, i).reduce((product, one) => product * one, 1);
    const parts = level;
    level = Array.from(
      { length: count },
      (_, at) => `[${parts.slice(at * size, (at + 1) * size).join(',')}]`,
    );
  }
  return level[0] ?? '[]';
}

/** TensorFlow Serving sends strings as they are if they are text, unless the name of the output ends in `_bytes`. */
function text(element: Uint8Array, name: string): string {
  const bytes = Buffer.from(element.buffer, element.byteOffset, element.byteLength);
  const string = bytes.toString();
  const isText = !name.endsWith('_bytes') && Buffer.from(string).equals(bytes);
  return isText ? JSON.stringify(string) : `{"b64":"${bytes.toString('base64')}"}`;
}
