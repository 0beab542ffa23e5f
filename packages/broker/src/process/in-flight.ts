import type { PendingCall } from '../call/call.js';
import { NumberedTable } from './numbered-table.js';

/** Calls shorter than this, in ms, are sent ahead: for longer ones the way there is not worth mentioning. */
const WORTH_SENDING_AHEAD = 1;
/** Bounds of what is sent ahead: enough that the child never waits, little enough that a crash loses little. */
const MAX_AHEAD = 64;
const MAX_BYTES = 256 * 1024;

export interface SentCall {
  readonly id: number;
  readonly call: PendingCall;
  readonly run: Run;
  /** As `performance.now()` tells it; `undefined` while calls before it run. */
  startedAt: number | undefined;
  /** How long it may run, in ms, now that nobody waits for it any more; `undefined` while somebody does. */
  patience: number | undefined;
}

/** What takes one place in the process: a call, or a batch of them. */
export interface Run {
  calls: readonly SentCall[];
  /** How many of them have not been answered. */
  left: number;
  /** Whether it may have started. */
  runs: boolean;
  /** How many calls run, or ran, together. */
  size: number;
  /** Kills the process once the run has gone on for too long though nobody waits for any of its calls. */
  overdue: NodeJS.Timeout | undefined;
}

/**
 * The calls that one process has. It starts them in the order they were sent, and runs so many, or so many batches, at
 * once: the first ones may have started, and those behind have not.
 */
export class InFlight {
  readonly #concurrency: number;
  readonly #sent = new NumberedTable<SentCall>();
  /** How many runs may have started. */
  #running = 0;
  /** Those that have not, in the order they were sent. */
  readonly #ahead: Run[] = [];
  #bytes = 0;

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  get size(): number {
    return this.#sent.size;
  }

  get(id: number): SentCall | undefined {
    return this.#sent.get(id);
  }

  find(call: PendingCall): SentCall | undefined {
    const sent = this.#sent.get(call.sentAs);
    return sent?.call === call ? sent : undefined;
  }

  /** A number that no message about another call, or batch, has. */
  newId(): number {
    return this.#sent.newId();
  }

  /** Adds one call, or several that make a batch. */
  add(calls: readonly PendingCall[]): readonly SentCall[] {
    const size = calls.length;
    const run: Run = { calls: [], left: size, size, runs: false, overdue: undefined };
    run.calls = calls.map((call) => {
      const sent = { id: this.newId(), call, run, startedAt: undefined, patience: undefined };
      call.sentAs = sent.id;
      this.#sent.add(sent);
      this.#bytes += call.bytes;
      return sent;
    });
    this.#ahead.push(run);
    return run.calls;
  }

  /** The next run that may start now, as others before it have ended. */
  startNext(): Run | undefined {
    if (this.#running >= this.#concurrency) return undefined;
    const run = this.#ahead.shift();
    if (run === undefined) return undefined;
    run.runs = true;
    this.#running += 1;
    return run;
  }

  delete(sent: SentCall): void {
    if (!this.#sent.delete(sent)) return;
    this.#bytes -= sent.call.bytes;
    const { run } = sent;
    run.left -= 1;
    if (run.left > 0) return;
    clearTimeout(run.overdue);
    if (run.runs) this.#running -= 1;
    else this.#ahead.splice(this.#ahead.indexOf(run), 1);
  }

  /** All of them, in the order they were sent. */
  takeAll(): SentCall[] {
    const { all } = this.#sent;
    for (const sent of all) this.delete(sent);
    return all;
  }

  /**
   * Whether one more call, or batch, should be sent.
   * @param meanServiceTime How long calls run, in ms; `undefined` where none is to be sent ahead.
   */
  hasRoom(meanServiceTime: number | undefined): boolean {
    if (this.#running + this.#ahead.length < this.#concurrency) return true;
    if (meanServiceTime === undefined || meanServiceTime > WORTH_SENDING_AHEAD) return false;
    return this.#ahead.length < MAX_AHEAD && this.#bytes < MAX_BYTES;
  }
}
