import { Buffer } from 'node:buffer';
import { types } from 'node:util';

import { ProtocolError } from '../../errors.js';
import { UndecodableError } from './undecodable.js';

/** A kind of view, and the way to make one of raw bytes. */
interface ViewKind {
  readonly tag: string;
  readonly bytesPerElement: number;
  /** `undefined` if this Node has no such class. */
  readonly of: ((bytes: Uint8Array<ArrayBuffer>) => ArrayBufferView) | undefined;
}

interface TypedArrayClass {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): ArrayBufferView;
}

function typedArray(View: TypedArrayClass): ViewKind {
  const bytesPerElement = View.BYTES_PER_ELEMENT;
  const of = (b: Uint8Array<ArrayBuffer>) => new View(b.buffer, b.byteOffset, b.byteLength / bytesPerElement);
  return { tag: View.name, bytesPerElement, of };
}

/** Node 24 and later. */
function float16Array(): ViewKind {
  const View: unknown = Reflect.get(globalThis, 'Float16Array');
  return isTypedArrayClass(View)
    ? typedArray(View)
    : { tag: 'Float16Array', bytesPerElement: 2, of: undefined };
}

/** The index of a kind is its number on the wire. */
const KINDS: readonly ViewKind[] = [
  { tag: 'Buffer', bytesPerElement: 1, of: (b) => Buffer.from(b.buffer, b.byteOffset, b.byteLength) },
  { tag: 'DataView', bytesPerElement: 1, of: (b) => new DataView(b.buffer, b.byteOffset, b.byteLength) },
  typedArray(Uint8Array),
  typedArray(Int8Array),
  typedArray(Uint8ClampedArray),
  typedArray(Int16Array),
  typedArray(Uint16Array),
  typedArray(Int32Array),
  typedArray(Uint32Array),
  typedArray(Float32Array),
  typedArray(Float64Array),
  typedArray(BigInt64Array),
  typedArray(BigUint64Array),
  float16Array(),
];

function isTypedArrayClass(value: unknown): value is TypedArrayClass {
  return typeof value === 'function';
}

const TYPED_ARRAY_PROTOTYPE: unknown = Object.getPrototypeOf(Uint8Array.prototype);
const tagProperty = Object.getOwnPropertyDescriptor(TYPED_ARRAY_PROTOTYPE, Symbol.toStringTag) ?? {};
const tagGetter: unknown = Reflect.get(tagProperty, 'get');

/** The real class of a typed array, whatever its constructor or its own properties say. */
function typedArrayTag(view: ArrayBufferView): string {
  return typeof tagGetter === 'function' ? String(Reflect.apply(tagGetter, view, [])) : '';
}

const NUMBER_OF_TAG = new Map(KINDS.map(({ tag }, number) => [tag, number]));

/** The number of the view's kind; `undefined` if the kind cannot cross. */
export function viewNumber(view: ArrayBufferView): number | undefined {
  if (Buffer.isBuffer(view)) return 0;
  return NUMBER_OF_TAG.get(types.isDataView(view) ? 'DataView' : typedArrayTag(view));
}

/** The memory of the view, not copied. */
export function viewBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array<ArrayBuffer> {
  if (types.isArrayBuffer(buffer)) return new Uint8Array(buffer, byteOffset, byteLength);
  // Memory that threads share is copied, because it could change while it is being sent.
  return new Uint8Array(buffer, byteOffset, byteLength).slice();
}

/**
 * @throws {ProtocolError} If there is no such kind, or the bytes are not a whole number of elements.
 * @throws {UndecodableError} If only another version of Node has the class.
 */
export function makeView(number: number, bytes: Uint8Array<ArrayBuffer>): ArrayBufferView {
  const kind = KINDS[number];
  if (kind === undefined) throw new ProtocolError(`a frame has a view of unknown kind ${number}`);
  const { tag, bytesPerElement, of } = kind;
  if (bytes.byteLength % bytesPerElement !== 0) {
    const what = `a frame has a ${tag} of ${bytes.byteLength} bytes`;
    throw new ProtocolError(`${what}, which is not a whole number of elements`);
  }
  if (of === undefined) throw new UndecodableError(`Node ${process.version} does not know the class ${tag}.`);
  return of(bytes);
}
