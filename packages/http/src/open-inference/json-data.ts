import { inexpressible, invalid } from './invalid.js';
import { type Datatype, ELEMENTS, elementsOf, type Tensor, tensor, type TensorSpec } from './tensor.js';

const RANGES: Partial<Record<Datatype, readonly [number, number]>> = {
  INT8: [-(2 ** 7), 2 ** 7 - 1],
  INT16: [-(2 ** 15), 2 ** 15 - 1],
  INT32: [-(2 ** 31), 2 ** 31 - 1],
  // JSON.parse rounds greater ones.
  INT64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  UINT8: [0, 2 ** 8 - 1],
  UINT16: [0, 2 ** 16 - 1],
  UINT32: [0, 2 ** 32 - 1],
  UINT64: [0, Number.MAX_SAFE_INTEGER],
};

/**
 * Decodes the elements of a tensor from a JSON array: nested as the shape says, or flat.
 * @throws {Problem} If they do not fit (400).
 */
export function decodeJson(data: unknown, { name, datatype }: TensorSpec, shape: readonly number[]): Tensor {
  if (datatype === 'FP16' || datatype === 'BF16')
    throw invalid(
      `The input ${name} has the datatype ${datatype}, which has no JSON form. Send binary data.`,
    );
  const count = elementsOf(shape) ?? 0;
  const flat = flatten(data, shape, count);
  if (flat === undefined)
    throw invalid(`The data of the input ${name} does not have the shape [${shape.join(', ')}].`);
  if (datatype === 'BYTES')
    return tensor(
      datatype,
      shape,
      flat.map((value) => bytesOf(value, name)),
    );
  const elements = new ELEMENTS[datatype](count);
  flat.forEach((value, i) => {
    elements[i] = elementOf(value, name, datatype);
  });
  return tensor(datatype, shape, elements);
}

/** The elements in row-major order; `undefined` if they do not have the shape. */
function flatten(data: unknown, shape: readonly number[], count: number): unknown[] | undefined {
  if (!Array.isArray(data)) return shape.length === 0 ? [data] : undefined;
  const values: unknown[] = data;
  if (values.length === count && !values.some(Array.isArray)) return values;
  let level = values;
  for (const [depth, size] of shape.entries()) {
    if (depth === 0) {
      if (level.length !== size) return undefined;
      continue;
    }
    const next: unknown[] = [];
    for (const part of level) {
      if (!Array.isArray(part) || part.length !== size) return undefined;
      for (const value of part) next.push(value);
    }
    level = next;
  }
  return level.length === count ? level : undefined;
}

function bytesOf(value: unknown, name: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return new Uint8Array(Buffer.from(value));
  throw invalid(`The input ${name} has the datatype BYTES, and an element that is no string.`);
}

function elementOf(value: unknown, name: string, datatype: Datatype): number | bigint {
  if (datatype === 'BOOL') {
    if (typeof value === 'boolean' || value === 0 || value === 1) return Number(value);
    throw invalid(`The input ${name} has the datatype BOOL, and an element that is neither true nor false.`);
  }
  if (typeof value !== 'number')
    throw invalid(`The input ${name} has the datatype ${datatype}, and an element that is no number.`);
  const range = RANGES[datatype];
  if (range === undefined) return value;
  if (!Number.isInteger(value) || value < range[0] || value > range[1])
    throw invalid(
      `The input ${name} has an element that is no ${datatype}, or is too large for JSON: ${value}.`,
    );
  return datatype === 'INT64' || datatype === 'UINT64' ? BigInt(value) : value;
}

/**
 * The JSON text of each element. `JSON.stringify` knows no 64-bit integers.
 * @param bytes Text for an element of BYTES.
 * @throws {Problem} If an element has no JSON form (422).
 */
export function elementTexts(
  name: string,
  { datatype, data }: Tensor,
  bytes: (element: Uint8Array, name: string) => string = utf8,
): string[] {
  if (datatype === 'BYTES') return data.map((element) => bytes(element, name));
  if (datatype === 'FP16' || datatype === 'BF16') throw inexpressible(name, `the datatype ${datatype}`);
  if (datatype === 'BOOL') return Array.from(data, (value) => (value === 0 ? 'false' : 'true'));
  const texts: string[] = [];
  for (const value of data) {
    if (typeof value === 'number' && !Number.isFinite(value))
      throw inexpressible(name, 'an element that is NaN or infinite');
    texts.push(value.toString());
  }
  return texts;
}

function utf8(element: Uint8Array, name: string): string {
  try {
    return JSON.stringify(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(element));
  } catch {
    throw inexpressible(name, 'an element that is not UTF-8');
  }
}
