import { queueFullError } from '../call/call-errors.js';
import type { PendingCall } from '../call/pending-call.js';
import type { ResolvedOptions } from '../options/resolve.js';
import type { Schedule } from './schedule.js';
import { WaitingRoom } from './waiting-room.js';

/** The assumed time until a full queue has room, in ms, before any call was measured. */
const UNMEASURED_RETRY = 1_000;

export interface AdmissionOptions {
  readonly options: Pick<ResolvedOptions, 'maxQueue' | 'maxQueueBytes' | 'processes' | 'concurrency'>;
  readonly schedule: Pick<Schedule, 'length' | 'bytes'>;
  /** How long a call occupies a place in a process, in ms; `undefined` before any was measured. */
  readonly costPerCall: () => number | undefined;
  /** Whether a process could take a call at once. */
  readonly isFree: () => boolean;
}

/** Decides whether one more call may wait. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #room = new WaitingRoom(() => {
    this.admit();
  });

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** @throws {QueueFullError} If the call cannot wait. */
  check(call: PendingCall): void {
    const { maxQueue, maxQueueBytes } = this.#options.options;
    const { length, bytes } = this.#options.schedule;
    if (this.#needsNoRoom) return;
    const full =
      length >= maxQueue
        ? `${length} calls wait, and maxQueue is ${maxQueue}`
        : bytes > 0 && bytes + call.bytes > maxQueueBytes
          ? `${bytes} bytes of arguments wait, this call has ${call.bytes}, and maxQueueBytes is ${maxQueueBytes}`
          : undefined;
    if (full !== undefined) throw queueFullError(full, this.#retryAfter(length), call.details());
  }

  /** Resolves when one more call can wait. */
  async room(): Promise<void> {
    await this.#room.enter(this.#countPlaces());
  }

  /** Lets waiting callers of `room` in, as far as there are places. */
  admit(): void {
    this.#room.admit(this.#countPlaces);
  }

  /** Rejects all waiting callers of `room`. */
  rejectAll(error: () => Error): void {
    this.#room.rejectAll(error);
  }

  /** How many more calls can wait. */
  readonly #countPlaces = (): number => {
    const { maxQueue, maxQueueBytes } = this.#options.options;
    const { length, bytes } = this.#options.schedule;
    const places = bytes === 0 || bytes < maxQueueBytes ? maxQueue - length : 0;
    return places === 0 && this.#needsNoRoom ? 1 : places;
  };

  /** A call that can be sent at once does not wait. */
  get #needsNoRoom(): boolean {
    return this.#options.schedule.length === 0 && this.#options.isFree();
  }

  #retryAfter(length: number): number {
    const { processes, concurrency } = this.#options.options;
    const cost = this.#options.costPerCall() ?? UNMEASURED_RETRY;
    return Math.ceil(cost * Math.max(1, length / (processes * concurrency)));
  }
}
