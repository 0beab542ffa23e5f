import { closeSync } from 'node:fs';

import { ProtocolError } from '../../errors.js';
import type { Traffic } from '../channel.js';
import type { Frame } from '../frame.js';
import { ownBytes } from '../own-memory.js';
import {
  brokerSpan,
  childSpan,
  contains,
  MAX_PLACES,
  MAX_SHARED_BYTES,
  type SharedMemorySettings,
  type Span,
} from './layout.js';
import { Outbox } from './outbox.js';
import { isRetained, isSpan, type Place, readPlaces, type Told, withBuffers, writePlaces } from './places.js';
import { loadSystem, type Mapping } from './system.js';

/** How much of the memory that is shared with a process is in use. */
export interface SharedMemoryStats {
  /** Bytes of address space; what was never used takes no memory. */
  readonly size: number;
  /** Bytes of arguments in it at this moment. */
  readonly used: number;
}

export interface BrokerMemoryOptions extends SharedMemorySettings {
  /** Longest message that is taken. */
  readonly maxMessageBytes: number;
}

/** The broker's end of the memory that it shares with one child. */
export class BrokerMemory {
  /** For the child to inherit. */
  readonly fd: number;
  readonly #settings: BrokerMemoryOptions;
  readonly #mapping: Mapping;
  readonly #outbox: Outbox;
  /** How many frames were taken that the child has placed here, which lets it use that memory again. */
  readonly #taken: Uint32Array;
  /** What the arguments of calls take up, by the calls' ids. */
  readonly #lent = new Map<number, Span[]>();
  readonly #traffic = { sent: 0, received: 0 };
  /** `offered`: the child may not have mapped it. */
  #state: 'offered' | 'shared' | 'closed' = 'offered';

  private constructor(settings: BrokerMemoryOptions, fd: number, mapping: Mapping) {
    this.#settings = settings;
    this.fd = fd;
    this.#mapping = mapping;
    this.#outbox = new Outbox(mapping.bytes, brokerSpan(settings.size));
    this.#taken = new Uint32Array(mapping.bytes.buffer, 0, 1);
  }

  /** @returns `undefined` where the system refuses: all goes through the pipes then. */
  static create(settings: BrokerMemoryOptions): BrokerMemory | undefined {
    try {
      const system = loadSystem(settings.koffi);
      const fd = system.createFile(settings.size);
      try {
        return new BrokerMemory(settings, fd, system.map(fd, settings.size));
      } catch (error) {
        closeSync(fd);
        throw error;
      }
    } catch {
      return undefined;
    }
  }

  /** `undefined` while nothing goes through it. */
  get stats(): SharedMemoryStats | undefined {
    if (this.#state !== 'shared') return undefined;
    return { size: this.#settings.size, used: this.#outbox.used };
  }

  /** Bytes that have crossed in it. */
  get traffic(): Traffic {
    return { ...this.#traffic };
  }

  /** The child has been spawned, or could not be: what it inherits need not be held open here. */
  inherited(): void {
    closeSync(this.fd);
  }

  /** The child has mapped it, too. */
  share(): void {
    if (this.#state !== 'offered') throw new ProtocolError('the child maps its memory twice');
    this.#state = 'shared';
  }

  /** Copies the large buffers of a frame into the memory, where there is room; the others stay with the frame. */
  place(frame: Frame): Frame {
    const { threshold } = this.#settings;
    if (this.#state !== 'shared' || frame.payload.buffers.length > MAX_PLACES) return frame;
    if (!frame.payload.buffers.some((buffer) => buffer.byteLength >= threshold)) return frame;
    let room = MAX_SHARED_BYTES;
    const spans: Span[] = [];
    const places = frame.payload.buffers.map((buffer): Place => {
      if (buffer.byteLength < threshold || buffer.byteLength > room) return buffer;
      const span = this.#outbox.put(buffer);
      if (span === undefined) return buffer;
      spans.push(span);
      room -= span.length;
      this.#traffic.sent += span.length;
      return span;
    });
    if (spans.length === 0) return frame;
    this.#lent.set(frame.id, spans);
    return writePlaces(frame, places);
  }

  /**
   * Copies the buffers of a frame of the child's out of the memory, once: the child can change it at any time.
   * @throws ProtocolError where they are not where the child may have put them, or too large.
   */
  take(frame: Frame): Frame {
    const told = readPlaces(frame);
    if (told === undefined && !isRetained(frame)) return frame;
    if (this.#state !== 'shared') throw new ProtocolError('the child uses memory that it has not mapped');
    const buffers = told === undefined ? frame.payload.buffers : this.#read(told, frame.id);
    const taken = withBuffers(frame, buffers, told?.metadata);
    if (isRetained(frame)) this.#lent.delete(frame.id);
    return taken;
  }

  /** The child is done with the call, and with its arguments. */
  release(id: number): void {
    for (const span of this.#lent.get(id) ?? []) this.#outbox.free(span);
    this.#lent.delete(id);
  }

  /** The child is gone. */
  close(): void {
    this.#state = 'closed';
    this.#mapping.unmap();
  }

  #read({ places, metadata }: Told, id: number): Uint8Array<ArrayBuffer>[] {
    const readable = [childSpan(this.#settings.size), ...(this.#lent.get(id) ?? [])];
    const spans = places.filter(isSpan);
    // All of it is checked before any of it is copied.
    for (const { offset, length } of spans) {
      if (readable.some((span) => contains(span, { offset, length }))) continue;
      throw new ProtocolError(`a frame names memory that is not its own: ${length} bytes at ${offset}`);
    }
    const { maxMessageBytes } = this.#settings;
    const shared = spans.reduce((sum, { length }) => sum + length, 0);
    if (shared > MAX_SHARED_BYTES || metadata.byteLength + shared > maxMessageBytes) {
      const limits = `${MAX_SHARED_BYTES} and maxMessageBytes (${maxMessageBytes}) allow`;
      throw new ProtocolError(`a frame has ${shared} bytes in shared memory, more than ${limits}`);
    }
    const { bytes } = this.#mapping;
    const buffers = places.map((place) =>
      isSpan(place) ? copyOf(bytes.subarray(place.offset, place.offset + place.length)) : place,
    );
    Atomics.add(this.#taken, 0, 1);
    this.#traffic.received += shared;
    return buffers;
  }
}

/** In memory that nothing else shares. */
function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = ownBytes(bytes.byteLength);
  copy.set(bytes);
  return copy;
}
