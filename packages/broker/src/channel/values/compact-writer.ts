import { Buffer } from 'node:buffer';
import { types } from 'node:util';

import { NO_BUFFERS, type Payload } from '../frame.js';
import { MAX_DEPTH, Tag } from './compact.js';
import { Reads } from './reads.js';
import { viewBytes, viewNumber } from './views.js';

/** Longer arrays take V8's form, which is as fast for them. Looking for holes in them would take longer. */
const MAX_ARRAY = 32;
const INDICES = Array.from({ length: MAX_ARRAY }, (_, i) => String(i));
/** Up to this many objects, searching a list is faster than searching a set. */
const SHORT_LIST = 8;

/** A longer list of reads is dropped after its value. */
const MAX_KEPT_READS = 3 * 256;

/** Size of the memory that is reused for every value. Larger values get memory of their own. */
const SCRATCH_BYTES = 8 * 1024;

/** Writes values in the compact form, if they have one. Call `reset` before each. */
export class CompactWriter {
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  #bytes = this.#scratch;
  #end = 0;
  #buffers: Uint8Array<ArrayBuffer>[] = [];
  /** The objects that were written, as long as they are few. Then they move to the set. */
  readonly #list: (object | undefined)[] = Array.from({ length: SHORT_LIST });
  #listed = 0;
  #set: Set<object> | undefined;
  /** Each read property: the object, the name, then its value if the read is complete. The list is reused. */
  #reads: unknown[] = [];
  #readCount = 0;

  /** The value that was written. */
  take(): Payload {
    const metadata = Buffer.allocUnsafe(this.#end);
    this.#bytes.copy(metadata, 0, 0, this.#end);
    return { metadata, buffers: this.#buffers.length === 0 ? NO_BUFFERS : this.#buffers };
  }

  reset(): void {
    this.#bytes = this.#scratch;
    this.#end = 0;
    if (this.#buffers.length > 0) this.#buffers = [];
    for (; this.#listed > 0; this.#listed -= 1) this.#list[this.#listed - 1] = undefined;
    this.#set = undefined;
    if (this.#reads.length > MAX_KEPT_READS) this.#reads = [];
    else this.#reads.fill(undefined, 0, this.#readCount);
    this.#readCount = 0;
  }

  /** The same as `write` for a list that no other code holds. */
  writeList(list: readonly unknown[]): boolean {
    this.#byte(Tag.Array);
    this.#varint(list.length);
    for (const value of list) if (!this.write(value, 1)) return false;
    return true;
  }

  /** @returns false if the value, or a part of it, has no compact form. */
  write(value: unknown, depth = 0): boolean {
    switch (typeof value) {
      case 'undefined':
        return this.#byte(Tag.Undefined);
      case 'boolean':
        return this.#byte(value ? Tag.True : Tag.False);
      case 'number':
        return this.#number(value);
      case 'string':
        return this.#byte(Tag.String) && this.#text(value);
      case 'bigint':
        return this.#byte(Tag.BigInt) && this.#text(value.toString(16));
      case 'object':
        return value === null ? this.#byte(Tag.Null) : this.#object(value, depth);
      default:
        return false;
    }
  }

  #object(value: object, depth: number): boolean {
    // Only V8's form keeps an object one that is referred to twice, or that contains itself.
    if (depth > MAX_DEPTH || types.isProxy(value) || this.#seen(value)) return false;
    if (Array.isArray(value)) return this.#array(value, depth);
    if (ArrayBuffer.isView(value)) return this.#view(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.#plainObject(value, depth);
    if (types.isArrayBuffer(value)) {
      if (Reflect.get(value, 'resizable') === true) return false;
      this.#buffers.push(new Uint8Array(value));
      return this.#byte(Tag.ArrayBuffer);
    }
    if (types.isDate(value)) return this.#byte(Tag.Date) && this.#double(Date.prototype.getTime.call(value));
    return false;
  }

  #array(array: unknown[], depth: number): boolean {
    const { length } = array;
    // As many keys as elements: no holes and no named properties.
    const names = Object.keys(array);
    if (length > MAX_ARRAY || names.length !== length) return false;
    // As many names as holes would make the same number. Indices come before names.
    if (length > 0 && names[length - 1] !== INDICES[length - 1]) return false;
    this.#byte(Tag.Array);
    this.#varint(length);
    for (let i = 0; i < length; i += 1) {
      this.#beginRead(array, INDICES[i] ?? '');
      const value = array[i];
      this.#endRead(value);
      if (!this.write(value, depth + 1)) return false;
    }
    return true;
  }

  #plainObject(object: object, depth: number): boolean {
    if (isExotic(object)) return false;
    const names = Object.keys(object);
    this.#byte(Tag.Object);
    this.#varint(names.length);
    for (const name of names) {
      this.#text(name);
      this.#beginRead(object, name);
      const value: unknown = Reflect.get(object, name);
      this.#endRead(value);
      if (!this.write(value, depth + 1)) return false;
    }
    return true;
  }

  #view(view: ArrayBufferView): boolean {
    const number = viewNumber(view);
    if (number === undefined) return false;
    this.#buffers.push(viewBytes(view));
    return this.#byte(Tag.View) && this.#byte(number);
  }

  /** In case that the value has no compact form, and a getter must not run again. */
  #beginRead(object: object, name: string): void {
    const { length } = this.#reads;
    if (this.#readCount + 3 > length) for (let i = 0; i < 3; i += 1) this.#reads.push(undefined);
    this.#reads[this.#readCount++] = object;
    this.#reads[this.#readCount++] = name;
  }

  #endRead(value: unknown): void {
    this.#reads[this.#readCount++] = value;
  }

  /**
   * What getters have returned since `reset`.
   * @param thrown What has ended the writing, if anything. If a read was going on, its getter has thrown it.
   */
  getterReads(thrown?: unknown): Reads {
    const reads = new Reads();
    for (let i = 0; i < this.#readCount; i += 3) {
      const object = this.#reads[i];
      const name = this.#reads[i + 1];
      if (typeof object !== 'object' || object === null || typeof name !== 'string') continue;
      if (Object.getOwnPropertyDescriptor(object, name)?.get === undefined) continue;
      const isComplete = i + 2 < this.#readCount;
      reads.note(object, name, isComplete ? { value: this.#reads[i + 2] } : { error: thrown });
    }
    return reads;
  }

  /** Notes the object. @returns Whether it was written before. */
  #seen(object: object): boolean {
    if (this.#set === undefined) {
      for (let i = 0; i < this.#listed; i += 1) if (this.#list[i] === object) return true;
      if (this.#listed < SHORT_LIST) {
        this.#list[this.#listed] = object;
        this.#listed += 1;
        return false;
      }
      this.#set = new Set();
      for (const listed of this.#list) if (listed !== undefined) this.#set.add(listed);
    }
    const { size } = this.#set;
    return this.#set.add(object).size === size;
  }

  #number(value: number): boolean {
    if ((value | 0) !== value || Object.is(value, -0)) return this.#byte(Tag.Double) && this.#double(value);
    this.#byte(Tag.Integer);
    return this.#varint(((value << 1) ^ (value >> 31)) >>> 0);
  }

  #double(value: number): boolean {
    this.#room(8);
    this.#end = this.#bytes.writeDoubleLE(value, this.#end);
    return true;
  }

  #text(text: string): boolean {
    const { length } = text;
    const wide = !isLatin1(text);
    const bytes = wide ? length * 2 : length;
    this.#varint(bytes * 2 + (wide ? 1 : 0));
    this.#room(bytes);
    if (wide) this.#bytes.write(text, this.#end, bytes, 'utf16le');
    else if (length < 16) this.#shortText(text);
    else this.#bytes.write(text, this.#end, bytes, 'latin1');
    this.#end += bytes;
    return true;
  }

  /** For a few characters, a loop is faster than the call into native code. */
  #shortText(text: string): void {
    for (let i = 0; i < text.length; i += 1) this.#bytes[this.#end + i] = text.charCodeAt(i);
  }

  #varint(value: number): boolean {
    this.#room(5);
    let rest = value;
    // Not by shifting alone: a doubled length may exceed 32 bits.
    for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) this.#bytes[this.#end++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#end++] = rest;
    return true;
  }

  #byte(value: number): boolean {
    this.#room(1);
    this.#bytes[this.#end++] = value;
    return true;
  }

  #room(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#end + bytes));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}

function isLatin1(text: string): boolean {
  if (text.length > 64) return !/[^\0-\xff]/.test(text);
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0xff) return false;
  return true;
}

/** Whether a built-in object (an error, a Map) only looks plain because its prototype was changed. */
function isExotic(object: object): boolean {
  const tag = Object.prototype.toString.call(object);
  return tag !== '[object Object]';
}
