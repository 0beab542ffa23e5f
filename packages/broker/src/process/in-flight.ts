import type { PendingCall } from '../call.js';

/** Calls shorter than this, in ms, are sent ahead: for longer ones the way there is not worth mentioning. */
const WORTH_SENDING_AHEAD = 1;
/** Bounds of what is sent ahead: enough that the child never waits, little enough that a crash loses little. */
const MAX_CALLS = 64;
const MAX_BYTES = 256 * 1024;

export interface SentCall {
  readonly id: number;
  readonly call: PendingCall;
  /** As `performance.now()` tells it; `undefined` while calls before it run. */
  startedAt: number | undefined;
  /** How long it may run, in ms, now that nobody waits for it any more; `undefined` while somebody does. */
  patience: number | undefined;
  /** Kills the process when that time is over. */
  overdue: NodeJS.Timeout | undefined;
}

/**
 * The calls that one process has. It starts them in the order they were sent, and runs so many at once: the first
 * ones may have started, and those behind have not.
 */
export class InFlight {
  readonly #concurrency: number;
  readonly #running = new Map<number, SentCall>();
  readonly #ahead = new Map<number, SentCall>();
  #bytes = 0;
  #lastId = 0;

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  get size(): number {
    return this.#running.size + this.#ahead.size;
  }

  /** Where the call may have started. */
  running(id: number): SentCall | undefined {
    return this.#running.get(id);
  }

  get(id: number): SentCall | undefined {
    return this.#running.get(id) ?? this.#ahead.get(id);
  }

  find(call: PendingCall): SentCall | undefined {
    for (const calls of [this.#running, this.#ahead])
      for (const sent of calls.values()) if (sent.call === call) return sent;
    return undefined;
  }

  add(call: PendingCall): SentCall {
    this.#lastId = (this.#lastId + 1) >>> 0;
    const sent: SentCall = {
      id: this.#lastId,
      call,
      startedAt: undefined,
      patience: undefined,
      overdue: undefined,
    };
    this.#ahead.set(sent.id, sent);
    this.#bytes += call.bytes;
    return sent;
  }

  /** The next one that may start now, as calls before it have ended. */
  startNext(): SentCall | undefined {
    if (this.#running.size >= this.#concurrency) return undefined;
    for (const [id, sent] of this.#ahead) {
      this.#ahead.delete(id);
      this.#running.set(id, sent);
      return sent;
    }
    return undefined;
  }

  delete({ id, call, overdue }: SentCall): void {
    clearTimeout(overdue);
    if (this.#running.delete(id) || this.#ahead.delete(id)) this.#bytes -= call.bytes;
  }

  /** All of them, in the order they were sent. */
  takeAll(): SentCall[] {
    const all = [...this.#running.values(), ...this.#ahead.values()];
    for (const sent of all) this.delete(sent);
    return all;
  }

  /**
   * Whether one more call should be sent.
   * @param meanServiceTime How long calls run, in ms; `undefined` where none is to be sent ahead.
   */
  hasRoom(meanServiceTime: number | undefined): boolean {
    if (this.size < this.#concurrency) return true;
    if (meanServiceTime === undefined || meanServiceTime > WORTH_SENDING_AHEAD) return false;
    return this.#ahead.size < MAX_CALLS && this.#bytes < MAX_BYTES;
  }
}
