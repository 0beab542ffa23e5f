import { types } from 'node:util';
import { Deserializer, Serializer } from 'node:v8';

import { ProtocolError } from '../../errors.js';
import { materialize } from './materialize.js';
import { forEachPart } from './parts.js';
import { platformClass } from './platform.js';
import type { Reads } from './reads.js';
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
 * @param reads The getters that have run. They do not run again.
 * @throws {Error} If a part of the value cannot be cloned. As a rule it is V8's own.
 */
export function clone(given: unknown, reads: Reads): Clone {
  const { arrayBuffers, objects } = examine(given, reads);
  const value = reads.isEmpty ? given : (materialize(objects, reads).get(given) ?? given);
  const writer = new CloneWriter(arrayBuffers);
  writer.writeHeader();
  writer.writeValue(value);
  return { bytes: writer.releaseBuffer(), buffers: writer.buffers, arrayBuffers: arrayBuffers.length };
}

/**
 * The object that V8 refuses for its own sake, not for one of its parts.
 * @param value A value that V8 has refused.
 * @returns `undefined` if there is none, as in a value that is nested too deeply.
 */
export function refusedObject(value: unknown, reads: Reads): object | undefined {
  const { arrayBuffers, objects } = examine(value, reads);
  const copies = materialize(objects, reads);
  const writer = new CloneWriter(arrayBuffers);
  // V8 writes each object once. As parts come before their holders, it writes little more than one object at a time.
  return [...objects].reverse().find((object) => isRefused(copies.get(object) ?? object, writer));
}

function isRefused(object: object, writer: CloneWriter): boolean {
  try {
    writer.writeValue(object);
    return false;
  } catch (error) {
    return !isStackOverflow(error);
  }
}

/** Whether V8 went deeper into a value than its stack allows. */
export function isStackOverflow(error: unknown): boolean {
  return types.isNativeError(error) && error.message.startsWith('Maximum call stack');
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
      throw new TypeError('an object of native code cannot be cloned');
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
  /** All of them, each before its parts. */
  readonly objects: ReadonlySet<object>;
  /** Their memory need not pass through the serializer. */
  readonly arrayBuffers: readonly ArrayBuffer[];
}

/**
 * Looks at every object in a value.
 * @throws {GetterError} If a getter throws.
 * @throws {TypeError} If an object is the platform's own, such as a Blob.
 */
function examine(value: unknown, reads: Reads): Survey {
  const arrayBuffers: ArrayBuffer[] = [];
  const objects = new Set<object>();
  const pending: unknown[] = [value];
  const push = (part: unknown): void => {
    if (typeof part === 'object' && part !== null) pending.push(part);
  };
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next !== 'object' || next === null || types.isProxy(next) || objects.has(next)) continue;
    objects.add(next);
    const platform = platformClass(next);
    if (platform !== undefined) throw new TypeError(`an instance of ${platform} cannot be cloned`);
    // The serializer itself carries a resizable one as such.
    if (types.isArrayBuffer(next) && Reflect.get(next, 'resizable') !== true) arrayBuffers.push(next);
    else forEachPart(next, reads, push);
  }
  return { arrayBuffers, objects };
}
