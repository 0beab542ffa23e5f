import { closeSync, fstatSync } from 'node:fs';

import { SHARED_MEMORY_FD } from '../descriptors.js';
import type { Frame } from '../frame.js';
import { childSpan, MAX_PLACES, MAX_SHARED_BYTES, type SharedMemorySettings, type Span } from './layout.js';
import { LentViews } from './lent-views.js';
import { Outbox } from './outbox.js';
import { isInline, isSpan, type Place, readPlaces, retain, withBuffers, writePlaces } from './places.js';
import { loadSystem, type Mapping } from './system.js';

/** A place in shared memory that holds an argument of a call. */
interface Loan {
  readonly id: number;
  readonly span: Span;
  readonly buffer: ArrayBuffer;
}

/** The child's end of the memory that it shares with its broker. */
export class ChildMemory {
  readonly #threshold: number;
  readonly #outbox: Outbox;
  readonly #views: LentViews;
  readonly #loans = new Map<ArrayBufferLike, Loan>();
  /** Number of frames that the broker has read from here. */
  readonly #taken: Uint32Array;
  /** Places of the frames that it may not have read yet, in the order in which they were sent. */
  readonly #sent: (readonly Span[])[] = [];
  #freed = 0;

  private constructor({ size, threshold }: SharedMemorySettings, mapping: Mapping) {
    this.#threshold = threshold;
    this.#outbox = new Outbox(mapping.bytes, childSpan(size));
    this.#views = new LentViews(mapping);
    this.#taken = new Uint32Array(mapping.bytes.buffer, 0, 1);
  }

  /** @returns `undefined` if there is none, or it cannot be mapped. Then everything goes through the pipes. */
  static map(settings: SharedMemorySettings): ChildMemory | undefined {
    try {
      // If the broker could not make any, the descriptor is another file.
      if (fstatSync(SHARED_MEMORY_FD).size !== settings.size) return undefined;
      const memory = new ChildMemory(
        settings,
        loadSystem(settings.koffi).map(SHARED_MEMORY_FD, settings.size),
      );
      closeSync(SHARED_MEMORY_FD);
      return memory;
    } catch {
      return undefined;
    }
  }

  /** Lends a call its arguments until it is answered. */
  take(frame: Frame): Frame {
    const told = readPlaces(frame);
    if (told === undefined) return frame;
    const buffers = told.places.map((place) => {
      if (!isSpan(place)) return place;
      const buffer = this.#views.lend(place);
      this.#loans.set(buffer, { id: frame.id, span: place, buffer });
      return new Uint8Array(buffer);
    });
    return withBuffers(frame, buffers, told.metadata);
  }

  /** Copies the large buffers of a frame into the memory, as far as there is room. The others stay with the frame. */
  place(frame: Frame): Frame {
    return this.#place(frame, undefined);
  }

  /**
   * Places the answers of calls, and takes their arguments back. An argument that a call returns stays in its place. One
   * call of a batch may return an argument of another, so all answers are placed before any argument is taken back.
   */
  answer(frames: readonly Frame[]): Frame[] {
    const placed = frames.map((frame) => this.#place(frame, frame.id));
    return placed.map((frame) => (this.#takeBack(frame.id) ? frame : retain(frame)));
  }

  /** @returns Whether no code can use the call's arguments any longer. */
  #takeBack(call: number): boolean {
    let all = true;
    for (const { id, buffer, span } of this.#loans.values()) {
      if (id !== call) continue;
      this.#loans.delete(buffer);
      if (!this.#views.takeBack(buffer, span)) all = false;
    }
    return all;
  }

  /** @param answered The call whose arguments cannot change any longer, because this frame answers it. */
  #place(frame: Frame, answered: number | undefined): Frame {
    const { buffers } = frame.payload;
    if (!buffers.some((buffer) => buffer.byteLength >= this.#threshold || this.#loans.has(buffer.buffer)))
      return frame;
    this.#reclaim();
    let room = buffers.length > MAX_PLACES ? 0 : MAX_SHARED_BYTES;
    const put: Span[] = [];
    const places = buffers.map((buffer): Place => {
      const large = buffer.byteLength >= this.#threshold && buffer.byteLength <= room;
      const span = large ? (this.#argument(buffer, answered) ?? this.#put(buffer, put)) : undefined;
      room -= span?.length ?? 0;
      // A lent buffer is taken back before the frame is written.
      return span ?? (this.#loans.has(buffer.buffer) ? buffer.slice() : buffer);
    });
    if (!places.some(isSpan)) return withBuffers(frame, places.filter(isInline));
    this.#sent.push(put);
    return writePlaces(frame, places);
  }

  /** The place of a buffer within the call's arguments. The broker keeps those until it has read the answer. */
  #argument(
    { buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>,
    call: number | undefined,
  ): Span | undefined {
    const loan = this.#loans.get(buffer);
    if (loan === undefined || loan.id !== call) return undefined;
    return { offset: loan.span.offset + byteOffset, length: byteLength };
  }

  #put(buffer: Uint8Array<ArrayBuffer>, put: Span[]): Span | undefined {
    const span = this.#outbox.put(buffer);
    if (span !== undefined) put.push(span);
    return span;
  }

  /** Frees the places of frames that the broker has read. */
  #reclaim(): void {
    const taken = Atomics.load(this.#taken, 0);
    for (; this.#freed !== taken; this.#freed = (this.#freed + 1) >>> 0) {
      for (const span of this.#sent.shift() ?? []) this.#outbox.free(span);
    }
  }
}
