import { ProtocolError } from '../../errors.js';
import type { Frame } from '../frame.js';
import { ownBytes } from '../own-memory.js';
import type { Traffic } from '../traffic.js';
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
import { loadSystem, type Mapping, type MemoryFile } from './system.js';

/** Use of the memory that is shared with one process. */
export interface SharedMemoryStats {
  /** Size, in bytes of address space. Parts that were never used take no physical memory. */
  readonly size: number;
  /** Bytes of arguments in it now. */
  readonly used: number;
}

export interface BrokerMemoryOptions extends SharedMemorySettings {
  /** Longest message that is accepted, in bytes. */
  readonly maxMessageBytes: number;
}

/** The broker's end of the memory that it shares with one child. */
export class BrokerMemory {
  readonly #settings: BrokerMemoryOptions;
  readonly #file: MemoryFile;
  readonly #mapping: Mapping;
  readonly #outbox: Outbox;
  /** Number of the child's frames that were read from here. The child may then reuse their memory. */
  readonly #taken: Uint32Array;
  /** Places of the arguments of calls, by id of the call. */
  readonly #lent = new Map<number, Span[]>();
  readonly #traffic = { sent: 0, received: 0 };
  /** `offered`: the child may not have mapped it yet. */
  #state: 'offered' | 'shared' | 'closed' = 'offered';

  private constructor(settings: BrokerMemoryOptions, file: MemoryFile, mapping: Mapping) {
    this.#settings = settings;
    this.#file = file;
    this.#mapping = mapping;
    this.#outbox = new Outbox(mapping.bytes, brokerSpan(settings.size));
    this.#taken = new Uint32Array(mapping.bytes.buffer, 0, 1);
  }

  /** @returns `undefined` if the system refuses. Then everything goes through the pipes. */
  static create(settings: BrokerMemoryOptions): BrokerMemory | undefined {
    try {
      const system = loadSystem(settings.koffi);
      const file = system.createFile(settings.size);
      try {
        return new BrokerMemory(settings, file, system.map(file.fd, settings.size));
      } catch (error) {
        file.close();
        throw error;
      }
    } catch {
      return undefined;
    }
  }

  /** File descriptor for the child to inherit. */
  get fd(): number {
    return this.#file.fd;
  }

  /** `undefined` while it is not in use. */
  get stats(): SharedMemoryStats | undefined {
    if (this.#state !== 'shared') return undefined;
    return { size: this.#settings.size, used: this.#outbox.used };
  }

  /** Bytes that have crossed through it. */
  get traffic(): Traffic {
    return { ...this.#traffic };
  }

  /** The child was spawned, or could not be. In both cases this process no longer needs the file descriptor. */
  inherited(): void {
    this.#file.close();
  }

  /** The child has mapped it. */
  share(): void {
    if (this.#state !== 'offered') throw new ProtocolError('the child maps its memory for the second time');
    this.#state = 'shared';
  }

  /** Copies the large buffers of a frame into the memory, as far as there is room. The others stay with the frame. */
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
   * Copies the buffers of a child's frame out of the memory. Once, because the child can change the memory at any time.
   * @throws {ProtocolError} If they are outside the parts that the child may use, or too large.
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

  /** The child is done with the call and its arguments. */
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
    // Everything is checked before anything is copied.
    for (const { offset, length } of spans) {
      if (readable.some((span) => contains(span, { offset, length }))) continue;
      throw new ProtocolError(`a frame refers to memory that is not its own: ${length} bytes at ${offset}`);
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

function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = ownBytes(bytes.byteLength);
  copy.set(bytes);
  return copy;
}
