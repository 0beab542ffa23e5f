import { queueFullError } from '../call/call-errors.js';
import type { PendingCall } from '../call/pending-call.js';
import type { ResolvedOptions } from '../options/resolve.js';
import type { Schedule } from './schedule.js';
import { WaitingRoom } from './waiting-room.js';

/** The assumed time until a full queue has room, in ms, before any call was measured. */
const UNMEASURED_RETRY = 1_000;

export interface AdmissionOptions {
  readonly options: Pick<ResolvedOptions, 'maxQueue' | 'maxQueueBytes' | 'processes' | 'concurrency'>;
  readonly schedule: Pick<Schedule, 'length' | 'bytes' | 'fits'>;
  /** How long a call occupies a place in a process, in ms; `undefined` before any was measured. */
  readonly costPerCall: () => number | undefined;
  /** By index: how many calls each process can take now, or as soon as it is ready. */
  readonly places: () => readonly number[];
}

/** Decides whether one more call may wait. */
export class Admission {
  readonly #options: AdmissionOptions;
  /** Length of the arguments of the largest call so far, in bytes. */
  #largest = 1;
  readonly #room = new WaitingRoom(() => {
    this.admit();
  });

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Whether no call of the mean size of those that wait can wait too. */
  get isFull(): boolean {
    const { maxQueue, maxQueueBytes } = this.#options.options;
    const { length, bytes } = this.#options.schedule;
    return length >= maxQueue || (length > 0 && bytes + bytes / length > maxQueueBytes);
  }

  /** @throws {QueueFullError} If the call cannot wait. */
  check(call: PendingCall): void {
    const { maxQueue, maxQueueBytes } = this.#options.options;
    const { length, bytes } = this.#options.schedule;
    this.#largest = Math.max(this.#largest, call.bytes);
    const full =
      length >= maxQueue
        ? `${length} ${length === 1 ? 'call waits' : 'calls wait'}, and maxQueue is ${maxQueue}`
        : bytes > 0 && bytes + call.bytes > maxQueueBytes
          ? `${bytes} bytes of arguments wait, this call has ${call.bytes}, and maxQueueBytes is ${maxQueueBytes}`
          : undefined;
    if (full === undefined || this.#needsNoRoom(call)) return;
    if (length < maxQueue && this.#room.takePromised()) return;
    throw queueFullError(full, this.#retryAfter(length), call.details());
  }

  /** Resolves when one more call can wait. A call that follows at once may exceed `maxQueueBytes`. */
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

  /** How many more calls can wait. If they are larger than all before, the last of them exceeds `maxQueueBytes`. */
  readonly #countPlaces = (): number => {
    const { maxQueue, maxQueueBytes } = this.#options.options;
    const { length, bytes } = this.#options.schedule;
    const byBytes = bytes === 0 ? Infinity : Math.ceil((maxQueueBytes - bytes) / this.#largest);
    const places = Math.max(0, Math.min(maxQueue - length, byBytes));
    return places === 0 && this.#needsNoRoom(undefined) ? 1 : places;
  };

  /**
   * A call that can be sent at once, or waits only for the start of a process, needs no room in the queue.
   * @param call The call; `undefined` if any process could take it.
   */
  #needsNoRoom(call: PendingCall | undefined): boolean {
    return this.#options.schedule.fits(this.#options.places(), call);
  }

  #retryAfter(length: number): number {
    const { processes, concurrency } = this.#options.options;
    const cost = this.#options.costPerCall();
    if (cost === undefined) return UNMEASURED_RETRY;
    return Math.ceil(cost * Math.max(1, length / (processes.max * concurrency)));
  }
}
