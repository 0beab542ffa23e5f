/**
 * Encodes what a pipeline returned as JSON. Results can hold values that JSON has no form for:
 *
 * - bytes (`Uint8Array`, `Buffer`, `ArrayBuffer`) become base64
 * - other typed arrays become arrays of numbers; a `bigint` becomes a number if it is safe, else a string
 * - a `Map` becomes an object, a `Set` an array
 * - `undefined` becomes `null`
 */
export function encodeJson(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value, replace);
}

function replace(this: unknown, key: string, value: unknown): unknown {
  // A Buffer has a toJSON, which has already run. The holder still has the Buffer itself.
  const original: unknown = typeof this === 'object' && this !== null ? Reflect.get(this, key) : value;
  return original instanceof Uint8Array ? base64(original) : plain(value);
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  if (value instanceof ArrayBuffer) return base64(new Uint8Array(value));
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return Array.from(value as Float32Array, plain); // any of them iterates numbers
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  return value;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
