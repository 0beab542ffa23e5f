import { expect } from '@jest/globals';

/** Expects typed arrays, buffers, or arrays of them, to be equal. Jest's `toEqual` takes minutes for megabytes. */
export function expectSame(actual: unknown, expected: unknown): void {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) throw new TypeError(`the value is no array: ${String(actual)}`);
    expect(actual).toHaveLength(expected.length);
    for (const [i, part] of expected.entries()) expectSame(actual[i], part);
    return;
  }
  const [is, wanted] = [memoryOf(actual), memoryOf(expected)];
  expect(kindOf(actual)).toBe(kindOf(expected));
  expect(is.length).toBe(wanted.length);
  expect(Buffer.compare(is, wanted)).toBe(0);
}

function kindOf(value: unknown): string {
  return Buffer.isBuffer(value) ? 'Buffer' : Object.prototype.toString.call(value);
}

function memoryOf(value: unknown): Buffer {
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  throw new TypeError(`the value is neither a view nor an ArrayBuffer: ${String(value)}`);
}
