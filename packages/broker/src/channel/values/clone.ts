import { types } from 'node:util';
import { Deserializer, Serializer } from 'node:v8';

import { ProtocolError } from '../../errors.js';
import { makeView, viewBytes, viewNumber } from './views.js';

declare module 'node:v8' {
  interface Serializer {
    /** In Node's documentation, but not in its types. */
    _setTreatArrayBufferViewsAsHostObjects(flag: boolean): void;
  }
}

/**
 * A value as V8's serializer writes it, which carries all that structured clone does. The memory of its
 * ArrayBuffers and views stands beside it: first the ArrayBuffers', then the views'.
 */
export interface Clone {
  readonly bytes: Buffer;
  readonly buffers: Uint8Array<ArrayBuffer>[];
  /** How many of the buffers are those of ArrayBuffers. */
  readonly arrayBuffers: number;
}

/** @throws what V8 throws where a part of the value cannot be cloned. */
export function clone(value: unknown): Clone {
  const arrayBuffers = findArrayBuffers(value);
  const writer = new CloneWriter(arrayBuffers);
  writer.writeHeader();
  writer.writeValue(value);
  return { bytes: writer.releaseBuffer(), buffers: writer.buffers, arrayBuffers: arrayBuffers.length };
}

/** @throws ProtocolError or what V8 throws where the bytes are not those of a value. */
export function revive(
  metadata: Uint8Array,
  buffers: readonly Uint8Array<ArrayBuffer>[],
  arrayBuffers: number,
): unknown {
  const reader = new CloneReader(metadata, buffers);
  for (const [id, { buffer }] of buffers.slice(0, arrayBuffers).entries())
    reader.transferArrayBuffer(id, buffer);
  reader.readHeader();
  return reader.readValue();
}

class CloneWriter extends Serializer {
  readonly buffers: Uint8Array<ArrayBuffer>[];

  constructor(arrayBuffers: readonly ArrayBuffer[]) {
    super();
    this._setTreatArrayBufferViewsAsHostObjects(true);
    this.buffers = arrayBuffers.map((buffer) => new Uint8Array(buffer));
    // Not detached by this, only left out.
    for (const [id, buffer] of arrayBuffers.entries()) this.transferArrayBuffer(id, buffer);
  }

  /** Called by V8 for each view. */
  _writeHostObject(view: object): void {
    const number = ArrayBuffer.isView(view) ? viewNumber(view) : undefined;
    if (number === undefined || !ArrayBuffer.isView(view)) {
      throw new TypeError(`${Object.prototype.toString.call(view)} could not be cloned.`);
    }
    this.writeUint32(number);
    this.writeUint32(this.buffers.length);
    this.buffers.push(viewBytes(view));
  }
}

class CloneReader extends Deserializer {
  readonly #buffers: readonly Uint8Array<ArrayBuffer>[];

  constructor(metadata: Uint8Array, buffers: readonly Uint8Array<ArrayBuffer>[]) {
    super(metadata);
    this.#buffers = buffers;
  }

  /** Called by V8 for each view. */
  _readHostObject(): ArrayBufferView {
    const number = this.readUint32();
    const bytes = this.#buffers[this.readUint32()];
    if (bytes === undefined) throw new ProtocolError('a frame names a buffer that it has not');
    return makeView(number, bytes);
  }
}

/** The ArrayBuffers in a value, so that their memory need not pass through the serializer. */
function findArrayBuffers(value: unknown): ArrayBuffer[] {
  const found: ArrayBuffer[] = [];
  const seen = new Set<object>();
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next !== 'object' || next === null || types.isProxy(next) || seen.has(next)) continue;
    seen.add(next);
    if (types.isArrayBuffer(next)) found.push(next);
    else if (types.isMap(next)) for (const entry of next) pending.push(...entry);
    else if (types.isSet(next)) for (const item of next) pending.push(item);
    else if (!ArrayBuffer.isView(next)) pushProperties(next, pending);
  }
  return found;
}

function pushProperties(object: object, pending: unknown[]): void {
  for (const name of Object.keys(object)) {
    // A getter is run once, by the serializer.
    const property = Object.getOwnPropertyDescriptor(object, name);
    if (typeof property?.value === 'object' && property.value !== null) pending.push(property.value);
  }
}
