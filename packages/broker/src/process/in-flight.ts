import type { PendingCall } from '../call/pending-call.js';
import { NumberedTable } from './numbered-table.js';

/**
 * A call is sent ahead only if it, and the calls that the process has, are expected to run for no longer than this
 * together, in ms. So an urgent call that comes next starts soon. If calls run longer, the time in the pipe does not matter.
 */
const MAX_EXPECTED = 4;
/** Bounds of the calls that are sent ahead: enough that the child never waits, few enough that a crash loses little. */
const MAX_AHEAD = 64;
const MAX_AHEAD_BYTES = 256 * 1024;
/** The expected running time of a call whose method has not been measured, and the longest that is assumed, in ms. */
const LONG = 1_000;

export interface SentCall {
  readonly id: number;
  readonly call: PendingCall;
  readonly run: Run;
  /** The number of the frame that lets it start. */
  frame: number;
  /** By `performance.now()`; `undefined` while the calls ahead of it run. */
  startedAt: number | undefined;
  /** How long the abandoned call may still run, in ms; `undefined` while a caller waits for it. */
  patience: number | undefined;
}

/** A call, or a batch of calls, that takes one place in the process. */
export interface Run {
  calls: readonly SentCall[];
  /** How long each of them is expected to run, in ms. */
  readonly expected: number;
  /** Number of calls without an answer. */
  left: number;
  /** Whether it may have started. */
  runs: boolean;
  /** Number of calls that run, or ran, together. */
  size: number;
  /** Kills the process if the run goes on for too long after its last caller has left. */
  overdue: NodeJS.Timeout | undefined;
}

/**
 * The calls that one process has. It starts them in the order in which they were sent, and runs as many calls (or batches)
 * at once as `concurrency` says. So the first ones may have started, and the others have not.
 */
export class InFlight {
  readonly #concurrency: number;
  readonly #sent = new NumberedTable<SentCall>();
  /** Number of runs that may have started. */
  #running = 0;
  /** Runs that have not started, in the order in which they were sent. */
  readonly #ahead: Run[] = [];
  #bytes = 0;
  /** How long its calls are expected to run, in ms. */
  #expected = 0;
  readonly #maxBytes: number;

  /** @param maxBytes Most bytes of arguments that it has at once. A single call may have more. */
  constructor(concurrency: number, maxBytes: number) {
    this.#concurrency = concurrency;
    this.#maxBytes = maxBytes;
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

  /** An id that no message about another call or batch has. */
  newId(): number {
    return this.#sent.newId();
  }

  /**
   * Adds one call, or the calls of a batch.
   * @param expectedTime How long each of them is expected to run, in ms; `undefined` if that is not known.
   */
  add(calls: readonly PendingCall[], expectedTime: number | undefined): readonly SentCall[] {
    const size = calls.length;
    const expected = Math.min(expectedTime ?? LONG, LONG);
    const run: Run = { calls: [], expected, left: size, size, runs: false, overdue: undefined };
    run.calls = calls.map((call) => {
      const sent = { id: this.newId(), call, run, frame: 0, startedAt: undefined, patience: undefined };
      call.sentAs = sent.id;
      this.#sent.add(sent);
      this.#bytes += call.bytes;
      return sent;
    });
    this.#expected += expected * size;
    this.#ahead.push(run);
    return run.calls;
  }

  /** The next run, if one may start now because another has ended. */
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
    this.#expected = this.size === 0 ? 0 : this.#expected - sent.run.expected; // no rounding errors remain
    const { run } = sent;
    run.left -= 1;
    if (run.left > 0) return;
    clearTimeout(run.overdue);
    if (run.runs) this.#running -= 1;
    else this.#ahead.splice(this.#ahead.indexOf(run), 1);
  }

  /** Removes all calls, and returns them in the order in which they were sent. */
  takeAll(): SentCall[] {
    const { all } = this.#sent;
    for (const sent of all) this.delete(sent);
    return all;
  }

  /** Whether one more call or batch would start at once. */
  get hasPlace(): boolean {
    if (this.size === 0) return true;
    return this.#running + this.#ahead.length < this.#concurrency && this.#bytes < this.#maxBytes;
  }

  /** How many calls or batches would start at once. */
  get places(): number {
    return this.hasPlace ? this.#concurrency - this.#running - this.#ahead.length : 0;
  }

  /**
   * Whether one more call or batch may be sent ahead of its turn.
   * @param expected How long it is expected to run, in ms; `undefined` if that is not known.
   */
  takesAhead(expected: number | undefined): boolean {
    if (expected === undefined || this.#expected + expected > MAX_EXPECTED) return false;
    return this.#ahead.length < MAX_AHEAD && this.#bytes < MAX_AHEAD_BYTES;
  }
}
