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
 * The calls that one process has. It runs them one after the other in the order they were sent, so the first
 * is the one that runs, and those behind it have not started.
 */
export class InFlight {
  readonly #sent = new Map<number, SentCall>();
  #bytes = 0;
  #lastId = 0;

  get size(): number {
    return this.#sent.size;
  }

  /** The call that runs. */
  get first(): SentCall | undefined {
    const { value, done } = this.#sent.values().next();
    return done === true ? undefined : value;
  }

  get(id: number): SentCall | undefined {
    return this.#sent.get(id);
  }

  find(call: PendingCall): SentCall | undefined {
    for (const sent of this.#sent.values()) if (sent.call === call) return sent;
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
    this.#sent.set(sent.id, sent);
    this.#bytes += call.bytes;
    return sent;
  }

  delete({ id, call, overdue }: SentCall): void {
    clearTimeout(overdue);
    if (this.#sent.delete(id)) this.#bytes -= call.bytes;
  }

  takeAll(): SentCall[] {
    const all = [...this.#sent.values()];
    for (const sent of all) this.delete(sent);
    return all;
  }

  /** Whether one more call should be sent. @param meanServiceTime How long calls run, in ms. */
  hasRoom(meanServiceTime: number | undefined): boolean {
    if (this.#sent.size === 0) return true;
    if (meanServiceTime === undefined || meanServiceTime > WORTH_SENDING_AHEAD) return false;
    return this.#sent.size < MAX_CALLS && this.#bytes < MAX_BYTES;
  }
}
