import type { PendingCall } from '../call/pending-call.js';
import { NumberedTable } from './numbered-table.js';

/** Calls that run for less than this, in ms, are sent ahead. For longer ones the time in the pipe does not matter. */
const WORTH_SENDING_AHEAD = 1;
/** Bounds of the calls that are sent ahead: enough that the child never waits, few enough that a crash loses little. */
const MAX_AHEAD = 64;
const MAX_BYTES = 256 * 1024;

export interface SentCall {
  readonly id: number;
  readonly call: PendingCall;
  readonly run: Run;
  /** By `performance.now()`; `undefined` while the calls ahead of it run. */
  startedAt: number | undefined;
  /** How long the abandoned call may still run, in ms; `undefined` while a caller waits for it. */
  patience: number | undefined;
}

/** A call, or a batch of calls, that takes one place in the process. */
export interface Run {
  calls: readonly SentCall[];
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

  /** An id that no message about another call or batch has. */
  newId(): number {
    return this.#sent.newId();
  }

  /** Adds one call, or the calls of a batch. */
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

  /**
   * Whether the process should get one more call or batch.
   * @param meanServiceTime How long calls run, in ms; `undefined` if none may be sent ahead.
   */
  hasRoom(meanServiceTime: number | undefined): boolean {
    if (this.#running + this.#ahead.length < this.#concurrency) return true;
    if (meanServiceTime === undefined || meanServiceTime > WORTH_SENDING_AHEAD) return false;
    return this.#ahead.length < MAX_AHEAD && this.#bytes < MAX_BYTES;
  }
}
