import { Buffer } from 'node:buffer';
import { types } from 'node:util';
import { Deserializer, Serializer } from 'node:v8';

import { ProtocolError, SerializationError } from '../errors.js';
import type { Payload } from './frame.js';
import { MAX_PART_BYTES } from './frame.js';
import { findUncloneable } from './uncloneable.js';

declare module 'node:v8' {
  interface Serializer {
    /** In Node's documentation, but not in its types. */
    _setTreatArrayBufferViewsAsHostObjects(flag: boolean): void;
  }
}

/**
 * Views of memory that cross beside the serializer, as raw bytes, and how each is made of them again. Their
 * place here is their number on the wire.
 */
const VIEWS: readonly {
  tag: string;
  bytesPerElement: number;
  of: (bytes: Uint8Array<ArrayBuffer>) => ArrayBufferView;
}[] = [
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
];

interface TypedArrayClass {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): ArrayBufferView;
}

function typedArray(View: TypedArrayClass): (typeof VIEWS)[number] {
  const bytesPerElement = View.BYTES_PER_ELEMENT;
  const of = (b: Uint8Array<ArrayBuffer>) => new View(b.buffer, b.byteOffset, b.byteLength / bytesPerElement);
  return { tag: View.name, bytesPerElement, of };
}

const NUMBER_OF_TAG = new Map(VIEWS.map(({ tag }, number) => [tag, number]));

/**
 * Turns a value into its wire form. Everything that structured clone carries can cross; typed arrays, Buffers
 * and DataViews do so as references to the caller's memory.
 * @param path What the value is called in errors, such as `args`.
 * @throws SerializationError naming the path of what cannot cross.
 */
export function encodeValue(value: unknown, path: string): Payload {
  const writer = new ValueWriter();
  try {
    writer.writeHeader();
    writer.writeValue(value);
  } catch (error) {
    throw serializationError(value, path, error);
  }
  const metadata = writer.releaseBuffer();
  for (const part of [metadata, ...writer.buffers]) {
    if (part.byteLength <= MAX_PART_BYTES) continue;
    throw new SerializationError(
      path,
      `${path} holds ${part.byteLength} bytes in one piece; 4 GiB cannot cross at once`,
    );
  }
  return { metadata, buffers: writer.buffers };
}

/** @throws ProtocolError where the bytes are not those of a value. */
export function decodeValue(payload: Payload): unknown {
  try {
    const reader = new ValueReader(payload);
    reader.readHeader();
    return reader.readValue();
  } catch (cause) {
    if (cause instanceof ProtocolError) throw cause;
    throw new ProtocolError('a frame holds bytes that are not those of a value', { cause });
  }
}

class ValueWriter extends Serializer {
  readonly buffers: Uint8Array<ArrayBuffer>[] = [];

  constructor() {
    super();
    this._setTreatArrayBufferViewsAsHostObjects(true);
  }

  /** Called by V8 for each view. */
  _writeHostObject(view: object): void {
    if (!ArrayBuffer.isView(view))
      throw new TypeError(`${Object.prototype.toString.call(view)} could not be cloned.`);
    const tag = Buffer.isBuffer(view)
      ? 'Buffer'
      : Object.prototype.toString.call(view).slice('[object '.length, -1);
    const number = NUMBER_OF_TAG.get(tag);
    if (number === undefined) throw new TypeError(`a ${tag} could not be cloned.`);
    this.writeUint32(number);
    this.writeUint32(this.buffers.length);
    this.buffers.push(bytesOf(view));
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array<ArrayBuffer> {
  // Memory shared between threads is copied: it could change while it is being sent.
  if (types.isArrayBuffer(buffer)) return new Uint8Array(buffer, byteOffset, byteLength);
  return new Uint8Array(buffer, byteOffset, byteLength).slice();
}

class ValueReader extends Deserializer {
  readonly #buffers: Payload['buffers'];

  constructor({ metadata, buffers }: Payload) {
    super(metadata);
    this.#buffers = buffers;
  }

  /** Called by V8 for each view. */
  _readHostObject(): ArrayBufferView {
    const view = VIEWS[this.readUint32()];
    const bytes = this.#buffers[this.readUint32()];
    if (view === undefined || bytes === undefined)
      throw new ProtocolError('a frame names a buffer that it has not');
    if (bytes.byteLength % view.bytesPerElement === 0) return view.of(bytes);
    throw new ProtocolError(`a frame announces a ${view.tag} of ${bytes.byteLength} bytes`);
  }
}

function serializationError(value: unknown, path: string, cause: unknown): SerializationError {
  const found = findUncloneable(value, path);
  const where = found?.path ?? path;
  const what = found?.what ?? (cause instanceof Error ? cause.message : 'it');
  return new SerializationError(where, `${where} cannot cross to the other process: ${what}`, { cause });
}
