import type { IncomingMessage } from 'node:http';

import { printable } from '../problems/printable.js';
import { decodeBinary } from './binary-data.js';
import { invalid } from './invalid.js';
import { decodeJson } from './json-data.js';
import { isRecord, type JsonRecord, member, parseRecord } from './record.js';
import { elementsOf, fits, type Tensor, type Tensors, type TensorSpec } from './tensor.js';

/** An inference request of the Open Inference Protocol. */
export interface InferRequest {
  /** The client's name for it. */
  readonly id: string | undefined;
  /** The inputs by name: each that the model declares. */
  readonly inputs: Tensors;
  /** The outputs in the order in which they are answered. */
  readonly outputs: readonly { readonly spec: TensorSpec; readonly binary: boolean }[];
}

/** The inputs and outputs that a model declares. */
export interface Signature {
  /** Its inputs. */
  readonly inputs: readonly TensorSpec[];
  /** Its outputs. */
  readonly outputs: readonly TensorSpec[];
}

/**
 * Reads an inference request.
 * @throws {Problem} If it is malformed, or does not fit the model (400).
 */
export function readInferRequest(
  { headers }: IncomingMessage,
  body: Buffer,
  { inputs, outputs }: Signature,
): InferRequest {
  const length = jsonLength(headers['inference-header-content-length'], body.length);
  const request = parseRecord(body.subarray(0, length));
  const id = member(request, 'id');
  if (id !== undefined && typeof id !== 'string') throw invalid('The id of the request is not a string.');
  return {
    id,
    inputs: readInputs(list(request, 'inputs'), body.subarray(length), inputs),
    outputs: readOutputs(request, outputs),
  };
}

function jsonLength(header: string | string[] | undefined, bodyLength: number): number {
  if (header === undefined) return bodyLength;
  const length = typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : Infinity;
  if (length <= bodyLength) return length;
  throw invalid('The header Inference-Header-Content-Length is not a length within the body.');
}

function readInputs(given: readonly JsonRecord[], binary: Buffer, specs: readonly TensorSpec[]): Tensors {
  const inputs = new Map<string, Tensor>();
  let at = 0;
  for (const input of given) {
    const spec = specOf(input, specs, 'input');
    const { name } = spec;
    if (inputs.has(name)) throw invalid(`The input ${name} is given twice.`);
    const shape = shapeOf(input, spec);
    const size = member(parametersOf(input), 'binary_data_size');
    const data = member(input, 'data');
    if (size === undefined) {
      if (data === undefined) throw invalid(`The input ${name} has neither data nor binary_data_size.`);
      inputs.set(name, decodeJson(data, spec, shape));
      continue;
    }
    if (data !== undefined) throw invalid(`The input ${name} has both data and binary_data_size.`);
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0 || size > binary.length - at)
      throw invalid(`The binary_data_size of the input ${name} is not a length within the binary data.`);
    inputs.set(name, decodeBinary(binary.subarray(at, at + size), spec, shape));
    at += size;
  }
  if (at !== binary.length)
    throw invalid(
      `${binary.length - at} bytes of binary data belong to no input. Check each binary_data_size.`,
    );
  const missing = specs.find(({ name }) => !inputs.has(name));
  if (missing !== undefined) throw invalid(`The input ${missing.name} is missing.`);
  return Object.fromEntries(inputs);
}

function readOutputs(request: JsonRecord, specs: readonly TensorSpec[]): InferRequest['outputs'] {
  const all = flag(parametersOf(request), 'binary_data_output') ?? false;
  const wanted = list(request, 'outputs');
  if (wanted.length === 0) return specs.map((spec) => ({ spec, binary: all }));
  const outputs = new Map<string, InferRequest['outputs'][number]>();
  for (const output of wanted) {
    const spec = specOf(output, specs, 'output');
    const parameters = parametersOf(output);
    for (const name of ['classification', 'shared_memory_region'])
      if (member(parameters, name) !== undefined) throw invalid(`The parameter ${name} is not supported.`);
    if (outputs.has(spec.name)) throw invalid(`The output ${spec.name} is requested twice.`);
    outputs.set(spec.name, { spec, binary: flag(parameters, 'binary_data') ?? all });
  }
  return [...outputs.values()];
}

function specOf(given: JsonRecord, specs: readonly TensorSpec[], kind: string): TensorSpec {
  const name = member(given, 'name');
  const spec = specs.find((one) => one.name === name);
  if (spec !== undefined) return spec;
  const known = specs.map((one) => one.name).join(', ');
  throw invalid(
    typeof name === 'string'
      ? `The model has no ${kind} ${printable(name)}. It has ${known}.`
      : `An ${kind} has no name. The model has ${known}.`,
  );
}

function shapeOf(input: JsonRecord, { name, datatype, shape: declared }: TensorSpec): readonly number[] {
  const given = member(input, 'datatype');
  if (given !== datatype)
    throw invalid(`The input ${name} must have the datatype ${datatype}, not ${printable(String(given))}.`);
  const shape: unknown = member(input, 'shape');
  if (!Array.isArray(shape) || elementsOf(shape) === undefined)
    throw invalid(`The shape of the input ${name} is not a list of sizes.`);
  const sizes = shape as number[]; // elementsOf has checked each
  if (!fits(sizes, declared))
    throw invalid(
      `The input ${name} has the shape [${printable(sizes.join(', '))}]. The model takes [${declared.join(', ')}], where -1 is any size.`,
    );
  return sizes;
}

function list(record: JsonRecord, name: string): readonly JsonRecord[] {
  const value = member(record, name) ?? [];
  if (Array.isArray(value) && value.every(isRecord)) return value;
  throw invalid(`The member ${name} is not a list of objects.`);
}

function parametersOf(record: JsonRecord): JsonRecord {
  const parameters = member(record, 'parameters') ?? {};
  if (isRecord(parameters)) return parameters;
  throw invalid('The member parameters is not an object.');
}

function flag(parameters: JsonRecord, name: string): boolean | undefined {
  const value = member(parameters, name);
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalid(`The parameter ${name} is neither true nor false.`);
}
