import { types } from 'node:util';
import { Deserializer, Serializer } from 'node:v8';

import { ProtocolError } from '../../errors.js';
import { materialize, type Reads } from './materialize.js';
import { platformClass } from './platform.js';
import { makeView, viewBytes, viewNumber } from './views.js';

declare module 'node:v8' {
  interface Serializer {
    /** Documented by Node, but missing in its types. */
    _setTreatArrayBufferViewsAsHostObjects(flag: boolean): void;
  }
}

/**
 * A value in the form of V8's serializer, which carries everything that structured clone does. The memory of its
 * ArrayBuffers, then that of its views, is out of band.
 */
export interface Clone {
  readonly bytes: Buffer;
  readonly buffers: Uint8Array<ArrayBuffer>[];
  /** Number of the buffers that belong to ArrayBuffers. They come first. */
  readonly arrayBuffers: number;
}

/**
 * @param reads Values of getters that have run already.
 * @throws {Error} If a part of the value cannot be cloned. As a rule it is V8's own.
 */
export function clone(given: unknown, reads: Reads): Clone {
  let value = given;
  let survey = examine(value);
  if (survey.hasGetters) {
    value = materialize(given, reads);
    survey = examine(value);
  }
  const { arrayBuffers } = survey;
  const writer = new CloneWriter(arrayBuffers);
  writer.writeHeader();
  writer.writeValue(value);
  return { bytes: writer.releaseBuffer(), buffers: writer.buffers, arrayBuffers: arrayBuffers.length };
}

/** @throws {Error} A `ProtocolError` or V8's own, if the bytes are not those of a value. */
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
    // This does not detach them: it only keeps their bytes out of the serialized form.
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
    if (bytes === undefined) throw new ProtocolError('a frame refers to a buffer that it does not have');
    return makeView(number, bytes);
  }
}

interface Survey {
  /** Their memory need not pass through the serializer. */
  readonly arrayBuffers: readonly ArrayBuffer[];
  readonly hasGetters: boolean;
}

/** Looks at every object in a value. @throws {TypeError} If one of them is the platform's own, such as a Blob. */
function examine(value: unknown): Survey {
  const arrayBuffers: ArrayBuffer[] = [];
  let hasGetters = false;
  const seen = new Set<object>();
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next !== 'object' || next === null || types.isProxy(next) || seen.has(next)) continue;
    seen.add(next);
    const platform = platformClass(next);
    if (platform !== undefined) throw new TypeError(`a ${platform} cannot be cloned`);
    if (types.isArrayBuffer(next)) {
      // The serializer itself carries a resizable one as such.
      if (Reflect.get(next, 'resizable') !== true) arrayBuffers.push(next);
    } else if (types.isMap(next)) for (const entry of next) pending.push(...entry);
    else if (types.isSet(next)) for (const item of next) pending.push(item);
    else if (!ArrayBuffer.isView(next)) hasGetters = pushProperties(next, pending) || hasGetters;
  }
  return { arrayBuffers, hasGetters };
}

/** @returns Whether any of the properties is a getter. */
function pushProperties(object: object, pending: unknown[]): boolean {
  let hasGetters = false;
  for (const name of Object.keys(object)) {
    const property = Object.getOwnPropertyDescriptor(object, name);
    if (property?.get !== undefined) hasGetters = true;
    else if (typeof property?.value === 'object' && property.value !== null) pending.push(property.value);
  }
  return hasGetters;
}
