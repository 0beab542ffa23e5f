import { Buffer } from 'node:buffer';

import { ProtocolError } from '../../errors.js';
import { NO_BUFFERS, type Payload } from '../frame.js';
import { MAX_DEPTH, Tag } from './compact.js';
import { makeView } from './views.js';

const NOTHING = Buffer.alloc(0);

/** Reads values in the compact form. Trusts no length: each one is checked against the bytes that are there. */
export class CompactReader {
  #bytes: Buffer = NOTHING;
  #buffers = NO_BUFFERS;
  #at = 0;
  #nextBuffer = 0;

  /** @throws {ProtocolError} If the bytes are not exactly one value. */
  read(bytes: Buffer, buffers: Payload['buffers']): unknown {
    this.#bytes = bytes;
    this.#buffers = buffers;
    this.#at = this.#nextBuffer = 0;
    try {
      const value = this.#read(0);
      if (this.#at === bytes.length && this.#nextBuffer === buffers.length) return value;
      throw new ProtocolError('a frame holds more than its value');
    } finally {
      // The memory now belongs to the value alone.
      this.#bytes = NOTHING;
      this.#buffers = NO_BUFFERS;
    }
  }

  #read(depth: number): unknown {
    if (depth > MAX_DEPTH + 1) throw new ProtocolError('a value is nested too deeply');
    const tag = this.#byte();
    switch (tag) {
      case Tag.Undefined:
        return undefined;
      case Tag.Null:
        return null;
      case Tag.False:
        return false;
      case Tag.True:
        return true;
      case Tag.Integer: {
        const zigzag = this.#varint();
        return (zigzag >>> 1) ^ -(zigzag & 1);
      }
      case Tag.Double:
        return this.#double();
      case Tag.String:
        return this.#text();
      case Tag.BigInt:
        return this.#bigint();
      case Tag.Date:
        return new Date(this.#double());
      case Tag.Array:
        return this.#array(depth);
      case Tag.Object:
        return this.#object(depth);
      case Tag.View:
        return makeView(this.#byte(), this.#buffer());
      case Tag.ArrayBuffer:
        return this.#arrayBuffer();
      default:
        throw new ProtocolError(`a value has the unknown tag ${tag}`);
    }
  }

  #array(depth: number): unknown[] {
    const length = this.#count();
    const array: unknown[] = [];
    for (let i = 0; i < length; i += 1) array.push(this.#read(depth + 1));
    return array;
  }

  #object(depth: number): object {
    const count = this.#count();
    const object: Record<string, unknown> = {};
    for (let i = 0; i < count; i += 1) {
      const name = this.#text();
      const value = this.#read(depth + 1);
      if (name !== '__proto__') object[name] = value;
      else
        Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
    }
    return object;
  }

  #arrayBuffer(): ArrayBuffer {
    const { buffer, byteOffset, byteLength } = this.#buffer();
    return byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
  }

  #buffer(): Uint8Array<ArrayBuffer> {
    const bytes = this.#buffers[this.#nextBuffer++];
    if (bytes === undefined) throw new ProtocolError('a frame refers to a buffer that it does not have');
    return bytes;
  }

  #bigint(): bigint {
    const text = this.#text();
    if (!/^-?[0-9a-f]+$/.test(text)) throw new ProtocolError('a bigint is not in hexadecimal digits');
    return text.startsWith('-') ? -BigInt(`0x${text.slice(1)}`) : BigInt(`0x${text}`);
  }

  #text(): string {
    const header = this.#varint();
    const bytes = Math.floor(header / 2);
    const wide = header % 2 === 1;
    const start = this.#take(bytes);
    if (!wide) return this.#bytes.toString('latin1', start, start + bytes);
    if (bytes % 2 === 1) throw new ProtocolError('a text ends in the middle of a character');
    return this.#bytes.toString('utf16le', start, start + bytes);
  }

  #double(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  /** The number of parts that follow, each at least one byte long. */
  #count(): number {
    const count = this.#varint();
    if (count > this.#bytes.length - this.#at)
      throw new ProtocolError('a value announces more parts than it has');
    return count;
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; scale < 0x80 ** 5; scale *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new ProtocolError('a number has more than five bytes');
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new ProtocolError('a value is cut off');
    return byte;
  }

  /** @returns The offset of the next `bytes` bytes. */
  #take(bytes: number): number {
    const start = this.#at;
    if (bytes > this.#bytes.length - start) throw new ProtocolError('a value is cut off');
    this.#at += bytes;
    return start;
  }
}
