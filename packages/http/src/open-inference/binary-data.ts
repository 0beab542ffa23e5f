import { invalid } from './invalid.js';
import { ELEMENTS, elementsOf, type Tensor, tensor, type TensorSpec } from './tensor.js';

/**
 * Decodes the binary form of a tensor: little-endian elements without padding; before each element of BYTES, its length in
 * 4 bytes.
 * @throws {Problem} If the length or the elements do not fit (400).
 */
export function decodeBinary(
  bytes: Buffer,
  { name, datatype }: TensorSpec,
  shape: readonly number[],
): Tensor {
  const count = elementsOf(shape) ?? 0;
  if (datatype === 'BYTES') return tensor(datatype, shape, splitBytes(bytes, name, count));
  const Elements = ELEMENTS[datatype];
  const wanted = count * Elements.BYTES_PER_ELEMENT;
  if (bytes.length !== wanted)
    throw invalid(`The input ${name} has ${bytes.length} bytes of binary data. Its shape needs ${wanted}.`);
  if (datatype === 'BOOL' && bytes.some((byte) => byte > 1))
    throw invalid(`The input ${name} has a byte that is neither 0 nor 1. A BOOL must be one of these.`);
  // The bytes are copied, because elements must be aligned, and the body should not outlive its parts.
  return tensor(datatype, shape, new Elements(new Uint8Array(bytes).buffer));
}

function splitBytes(bytes: Buffer, name: string, count: number): Uint8Array[] {
  const all: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length && all.length < count) {
    const end = at + 4 <= bytes.length ? at + 4 + bytes.readUInt32LE(at) : Infinity;
    if (end > bytes.length)
      throw invalid(`The binary data of the input ${name} ends within the element ${all.length}.`);
    all.push(new Uint8Array(bytes.subarray(at + 4, end)));
    at = end;
  }
  if (all.length !== count || at !== bytes.length)
    throw invalid(`The binary data of the input ${name} does not hold ${count} elements, as its shape says.`);
  return all;
}

/** Encodes a tensor in its binary form. */
export function encodeBinary({ datatype, data }: Tensor): Buffer {
  if (datatype !== 'BYTES') return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.concat(
    data.flatMap((element) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(element.length);
      return [length, element];
    }),
  );
}
