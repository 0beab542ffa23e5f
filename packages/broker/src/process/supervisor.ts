import type { Outcome, PendingCall } from '../call/call.js';
import { sumTraffic, type Traffic } from '../channel/channel.js';
import type { Payload } from '../channel/frame.js';
import { type BrokerErrorDetails, PipelineStartError } from '../errors.js';
import type { OutputInfo } from '../options/options.js';
import type { ResolvedOptions } from '../options/resolve.js';
import { closedError } from '../refusals.js';
import { after } from '../timer.js';
import { describeExit, exitDetails, type ProcessExit } from './exit.js';
import { PipelineProcess } from './pipeline-process.js';
import type { LostCall, ProcessStats, RunInfo, Shipment } from './process-stats.js';
import { RestartPolicy } from './restart-policy.js';

type State =
  | { readonly name: 'idle' }
  | { readonly name: 'starting' | 'restarting'; readonly process: PipelineProcess | undefined }
  | { readonly name: 'ready'; readonly process: PipelineProcess }
  | { readonly name: 'failed'; readonly failure: StartFailureReason }
  | { readonly name: 'stopping'; readonly process: PipelineProcess }
  | { readonly name: 'stopped' };

export type SupervisorState = State['name'];

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Why the pipeline cannot be brought up. An error is made of it for each caller who asks. */
export interface StartFailureReason {
  readonly message: string;
  readonly exit: ProcessExit;
}

export function startError(
  { message, exit }: StartFailureReason,
  details?: BrokerErrorDetails,
): PipelineStartError {
  return new PipelineStartError(message, { ...details, ...exitDetails(exit) });
}

export interface SupervisorListener {
  /** The state, or what can be sent, has changed. */
  changed(): void;
  spawned(pid: number, index: number): void;
  /** The pipeline of that process is constructed. */
  ready(pid: number, index: number): void;
  started(call: PendingCall, now: number): void;
  answered(call: PendingCall, outcome: Outcome, run: RunInfo): void;
  /** A process has ended, with these calls unanswered, in the order they were sent. */
  exited(exit: ProcessExit, lost: readonly LostCall[]): void;
  /** There will be no further process, until `start()` is called again. */
  gaveUp(reason: StartFailureReason): void;
  output(line: string, info: OutputInfo): void;
}

export interface SupervisorOptions {
  /** Which of the broker's processes, from 0. */
  readonly index: number;
  readonly module: string;
  readonly init: Payload;
  readonly options: ResolvedOptions;
  readonly listener: SupervisorListener;
  /** Whether anybody wants single lines of output. */
  readonly wantsLines: () => boolean;
}

/** Keeps one pipeline process running: replaces it when it ends, with growing pauses, until it gives up. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  #policy: RestartPolicy;
  #state: State = { name: 'idle' };
  /** The latest one; it may have ended. */
  #process: PipelineProcess | undefined;
  /** Those who wait for the pipeline to be ready. */
  readonly #waiters: Waiter[] = [];
  #pause: NodeJS.Timeout | undefined;
  /** Recycles a process that has become old. */
  #age: NodeJS.Timeout | undefined;
  /** What stopped the pipeline from coming up, the first time since it was last up. */
  #firstFailure: StartFailureReason | undefined;
  #spawned = 0;
  /** Of the processes before the latest. */
  #earlierBytes: Traffic = { sent: 0, received: 0 };

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#policy = new RestartPolicy(options.options.restart);
  }

  /** Of the latest process; `undefined` before there was one. */
  get stats(): ProcessStats | undefined {
    return this.#process?.stats;
  }

  /** Which of the broker's processes, from 0. */
  get index(): number {
    return this.#options.index;
  }

  /** How many calls its process has. */
  get load(): number {
    return this.#process?.load ?? 0;
  }

  /** Bytes that its processes, one after the other, were sent, and have sent. */
  get bytes(): Traffic {
    return sumTraffic([this.#earlierBytes, this.stats?.bytes]);
  }

  /** Processes spawned in place of others. */
  get restarts(): number {
    return Math.max(0, this.#spawned - 1);
  }

  get state(): SupervisorState {
    return this.#state.name;
  }

  /** Set in state `failed`. */
  get failure(): StartFailureReason | undefined {
    return this.#state.name === 'failed' ? this.#state.failure : undefined;
  }

  /** Brings a process up, where none is, or is about to be. */
  start(): void {
    if (this.#state.name !== 'idle' && this.#state.name !== 'failed') return;
    this.#policy = new RestartPolicy(this.#options.options.restart);
    this.#firstFailure = undefined;
    this.#spawn('starting');
  }

  /** The same. Resolves when the pipeline is ready; rejects when it is given up, or stopped for good. */
  async up(): Promise<void> {
    this.start();
    const { name } = this.#state;
    if (name === 'ready') return;
    if (name === 'stopping' || name === 'stopped') throw closedError();
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
  }

  /** How many calls it should be sent now: as one batch, or one alone. */
  room(meanServiceTime: number | undefined): number {
    return this.#state.name === 'ready' ? this.#state.process.room(meanServiceTime) : 0;
  }

  send(shipment: Shipment): void {
    if (this.#state.name === 'ready') this.#state.process.send(shipment);
  }

  /** Nobody waits for the call any more: it may go on for `patience` ms. @returns false where it has no such call. */
  abandon(call: PendingCall, patience: number): boolean {
    return this.#process?.abandon(call, patience) === true;
  }

  /** Replaces the process, if there is one, as soon as it has run the calls it has. */
  recycle(): void {
    const { name } = this.#state;
    if (name !== 'starting' && name !== 'ready' && name !== 'restarting') return;
    const { process } = this.#state;
    if (process === undefined || process.state === 'stopping') return;
    this.#change({ name: name === 'starting' ? name : 'restarting', process });
    process.stop(this.#options.options.killDelay.cancel);
  }

  /** Ends the process, if there is one, for good. */
  stop(patience: number): void {
    const process = 'process' in this.#state ? this.#state.process : undefined;
    clearTimeout(this.#pause);
    for (const { reject } of this.#waiters.splice(0)) reject(closedError());
    this.#change(process === undefined ? { name: 'stopped' } : { name: 'stopping', process });
    process?.stop(patience);
  }

  /** Ends it at once. */
  kill(): void {
    if ('process' in this.#state) this.#state.process?.kill();
  }

  #spawn(name: 'starting' | 'restarting'): void {
    const { options, listener, wantsLines, module, init, index } = this.#options;
    const process = new PipelineProcess({
      ...options,
      index,
      env: options.env[index] ?? {},
      module,
      init,
      wantsLines,
      listener: {
        spawned: (pid) => {
          listener.spawned(pid, index);
        },
        ready: () => {
          this.#firstFailure = undefined;
          if (process.pid !== undefined) listener.ready(process.pid, index);
          this.#change({ name: 'ready', process });
          for (const { resolve } of this.#waiters.splice(0)) resolve();
          clearTimeout(this.#age);
          this.#age = after(options.recycle.afterMs, () => {
            this.recycle();
          });
        },
        beat: () => {
          this.#recycleWhereDue(process);
        },
        started: (call, now) => {
          listener.started(call, now);
        },
        answered: (call, outcome, run) => {
          this.#policy.forgive();
          this.#recycleWhereDue(process);
          listener.answered(call, outcome, run);
        },
        dropped: () => {
          listener.changed();
        },
        exited: (exit, lost) => {
          this.#exited(exit, lost);
        },
        output: (line, info) => {
          listener.output(line, info);
        },
      },
    });
    this.#spawned += 1;
    this.#earlierBytes = this.bytes;
    this.#process = process;
    this.#change({ name, process });
    process.spawn();
  }

  #recycleWhereDue(process: PipelineProcess): void {
    const { afterCalls, aboveMemory } = this.#options.options.recycle;
    const { calls, rss = 0 } = process;
    // One that has done nothing yet is as small as its kind can be.
    if (this.#state.name !== 'ready' || calls === 0) return;
    if (calls >= afterCalls || rss > aboveMemory) this.recycle();
  }

  #exited(exit: ProcessExit, lost: readonly LostCall[]): void {
    clearTimeout(this.#age);
    const before = this.#state.name;
    const { listener } = this.#options;
    if (before === 'stopping') {
      listener.exited(exit, lost);
      this.#change({ name: 'stopped' });
      return;
    }
    // Ended by the broker itself, for no fault that could come back at the next start.
    if ((exit.reason === 'requested' || exit.reason === 'overdue') && before !== 'failed') {
      listener.exited(exit, lost);
      this.#spawn(before === 'starting' ? 'starting' : 'restarting');
      return;
    }
    const failure = { message: failureMessage(exit, before === 'ready'), exit };
    if (before !== 'ready') this.#firstFailure ??= failure;
    const pause = exit.permanent ? undefined : this.#policy.next();
    const reason = this.#firstFailure ?? failure;
    this.#state =
      pause === undefined
        ? { name: 'failed', failure: reason }
        : { name: before === 'starting' ? 'starting' : 'restarting', process: undefined };
    listener.exited(exit, lost);
    if (pause === undefined) this.#giveUp(reason);
    else this.#spawnAfter(pause);
    listener.changed();
  }

  #giveUp(reason: StartFailureReason): void {
    this.#options.listener.gaveUp(reason);
    for (const { reject } of this.#waiters.splice(0)) reject(startError(reason));
  }

  #spawnAfter(pause: number): void {
    this.#pause = after(pause, () => {
      const { name } = this.#state;
      if (name === 'starting' || name === 'restarting') this.#spawn(name);
    });
  }

  #change(state: State): void {
    const changed = this.#state.name !== state.name;
    this.#state = state;
    if (changed) this.#options.listener.changed();
  }
}

function failureMessage(exit: ProcessExit, wasUp: boolean): string {
  const { pid, cause } = exit;
  const who = pid === undefined ? 'the process of the pipeline' : `the process of the pipeline (pid ${pid})`;
  if (wasUp)
    return `the pipeline was given up after too many restarts; in the end ${who} ${describeExit(exit)}`;
  if ((exit.reason === 'start' || exit.reason === 'fatal') && cause instanceof Error)
    return `the pipeline could not be started: ${cause.message}`;
  return `the pipeline could not be started: ${who} ${describeExit(exit)} before the pipeline was constructed`;
}
