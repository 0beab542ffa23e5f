import type { Payload } from '../channel/frame.js';
import { sumTraffic, type Traffic } from '../channel/traffic.js';
import { closedError } from '../errors.js';
import type { OutputInfo } from '../options/options.js';
import type { ResolvedOptions } from '../options/resolve.js';
import { after } from '../timer.js';
import type { ProcessExit } from './exit.js';
import { PipelineProcess } from './pipeline-process.js';
import type { CallListener, LostCall } from './process-calls.js';
import { afterTries, startError, startFailure, type StartFailureReason } from './process-errors.js';
import type { ProcessStats } from './process-stats.js';
import { RestartPolicy } from './restart-policy.js';

type State =
  | { readonly name: 'idle' }
  | { readonly name: 'starting' | 'restarting'; readonly process: PipelineProcess | undefined }
  | { readonly name: 'ready'; readonly process: PipelineProcess }
  | { readonly name: 'failed'; readonly failure: StartFailureReason }
  /** There is no process, or it is ending, because there is too little to do. */
  | { readonly name: 'parked'; readonly process: PipelineProcess | undefined }
  | { readonly name: 'stopping'; readonly process: PipelineProcess }
  | { readonly name: 'stopped' };

export type SupervisorState = State['name'];

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Learns about the life of all processes of a broker. */
export interface SupervisorListener {
  /** The state has changed. */
  changed(): void;
  spawned(pid: number, index: number): void;
  /** The pipeline of that process is constructed. @param methods Names of its methods, if they are known. */
  ready(pid: number, index: number, methods: readonly string[] | undefined): void;
  exited(exit: ProcessExit): void;
  /** There will be no further process, until `start()` is called again. */
  gaveUp(reason: StartFailureReason): void;
  output(line: string, info: OutputInfo): void;
  /** A process has loaded these files (option `watch`). */
  loaded(files: readonly string[]): void;
}

export interface SupervisorOptions {
  /** Index of the process, from 0. */
  readonly index: number;
  readonly module: string;
  readonly init: Payload;
  readonly options: ResolvedOptions;
  readonly listener: SupervisorListener;
  readonly calls: CallListener;
  /** Whether the broker has a listener for single lines of output. */
  readonly wantsLines: () => boolean;
  /** Whether any process of the broker has been ready. */
  readonly wasReady: () => boolean;
  /** The process has had no call for `processes.idleAfter` ms. */
  readonly onIdle: () => void;
}

/** Keeps one process running. It replaces a process that ends, with growing pauses, until it gives up. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  #policy: RestartPolicy;
  /** For a pipeline that throws before the broker was ready. */
  #policyAtStart: RestartPolicy;
  /** Number of processes since `start`, or since the pipeline was last ready. */
  #tries = 0;
  #state: State = { name: 'idle' };
  /** The latest process. It may have ended. */
  #process: PipelineProcess | undefined;
  /** Callers of `up` who wait for the pipeline to be ready. */
  readonly #waiters: Waiter[] = [];
  #pause: NodeJS.Timeout | undefined;
  /** Recycles the process when it reaches `recycle.afterMs`. */
  #age: NodeJS.Timeout | undefined;
  /** The first failure to bring the pipeline up since it was last ready. */
  #firstFailure: StartFailureReason | undefined;
  #spawned = 0;
  /** How often a process was brought up after the one before was parked. */
  #woken = 0;
  /** When the process last had a call, by `performance.now()`. */
  #lastBusy = 0;
  #idle: NodeJS.Timeout | undefined;
  /** Bytes to and from the processes before the latest. */
  #earlierBytes: Traffic = { sent: 0, received: 0 };

  constructor(options: SupervisorOptions) {
    this.#options = options;
    [this.#policy, this.#policyAtStart] = policies(options.options);
  }

  /** Figures of the latest process; `undefined` before the first, and when it was parked. */
  get stats(): ProcessStats | undefined {
    return this.#state.name === 'parked' ? this.#state.process?.stats : this.#process?.stats;
  }

  /** Bytes to and from all of its processes so far. */
  get bytes(): Traffic {
    return sumTraffic([this.#earlierBytes, this.#process?.stats.bytes]);
  }

  /** Number of processes that replaced another. */
  get restarts(): number {
    return Math.max(0, this.#spawned - this.#woken - 1);
  }

  get state(): SupervisorState {
    return this.#state.name;
  }

  /** Set in the state `failed`. */
  get failure(): StartFailureReason | undefined {
    return this.#state.name === 'failed' ? this.#state.failure : undefined;
  }

  /** The process that takes calls, if there is one. */
  get serving(): PipelineProcess | undefined {
    return this.#state.name === 'ready' ? this.#state.process : undefined;
  }

  /** The latest process, which may have calls although it takes no more. */
  get latest(): PipelineProcess | undefined {
    return this.#process;
  }

  /** Brings a process up, unless there is one, or one is on its way. */
  start(): void {
    if (!this.isDown) return;
    [this.#policy, this.#policyAtStart] = policies(this.#options.options);
    this.#firstFailure = undefined;
    this.#tries = 0;
    const ending = this.#state.name === 'parked' ? this.#state.process : undefined;
    if (this.#state.name === 'parked' && this.#spawned > 0) this.#woken += 1;
    // Two models may not fit into memory.
    if (ending === undefined) this.#spawn('starting');
    else this.#change({ name: 'starting', process: ending });
  }

  /** Whether there is no process and none is on its way, and `start` would bring one up. */
  get isDown(): boolean {
    const { name } = this.#state;
    return name === 'idle' || name === 'failed' || name === 'parked';
  }

  /** Ends the process, if there is one. `start` brings the next one up. */
  park(): void {
    const process = this.serving;
    if (process === undefined && !this.isDown) return;
    process?.stop(this.#options.options.killDelay.cancel);
    this.#change({ name: 'parked', process: this.#state.name === 'parked' ? this.#state.process : process });
  }

  /** Calls `start`, and resolves when the pipeline is ready. Rejects if it is given up, or stopped for good. */
  async up(): Promise<void> {
    this.start();
    const { name } = this.#state;
    if (name === 'ready') return;
    if (name === 'stopping' || name === 'stopped') throw closedError();
    // It may have been given up within `start`, before there was a process.
    if (this.failure !== undefined) throw startError(this.failure);
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
  }

  /** Replaces the process, if there is one, when it has run its calls. */
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
    this.#last()?.stop(patience);
  }

  /** Ends the process at once, and for good. */
  kill(): void {
    this.#last()?.kill();
  }

  /** No process will follow. @returns The last one, unless it has ended. */
  #last(): PipelineProcess | undefined {
    const process = 'process' in this.#state ? this.#state.process : undefined;
    clearTimeout(this.#pause);
    for (const { reject } of this.#waiters.splice(0)) reject(closedError());
    this.#change(process === undefined ? { name: 'stopped' } : { name: 'stopping', process });
    return process;
  }

  #spawn(name: 'starting' | 'restarting'): void {
    const { options, listener, calls, wantsLines, module, init, index } = this.#options;
    const process = new PipelineProcess({
      ...options,
      index,
      env: options.env[index] ?? {},
      execArgv: options.execArgv[index],
      module,
      init,
      calls,
      wantsLines,
      listener: {
        spawned: (pid) => {
          listener.spawned(pid, index);
        },
        ready: (methods) => {
          this.#ready(process, methods);
        },
        answered: () => {
          this.#policy.forgive();
          this.#recycleIfDue(process);
        },
        idle: (now) => {
          this.#lastBusy = now;
          // A timer that is set already waits for the rest of the time.
          if (this.#idle === undefined) this.#awaitIdle(process, options.processes.idleAfter);
        },
        reported: () => {
          this.#recycleIfDue(process);
        },
        exited: (exit, lost) => {
          this.#exited(process, exit, lost);
        },
        output: (line, info) => {
          listener.output(line, info);
        },
        loaded: (files) => {
          listener.loaded(files);
        },
      },
    });
    this.#spawned += 1;
    this.#tries += 1;
    this.#earlierBytes = this.bytes;
    this.#process = process;
    this.#change({ name, process });
    process.spawn();
  }

  #ready(process: PipelineProcess, methods: readonly string[] | undefined): void {
    const { options, listener, index } = this.#options;
    this.#firstFailure = undefined;
    this.#tries = 0;
    if (process.pid !== undefined) listener.ready(process.pid, index, methods);
    this.#change({ name: 'ready', process });
    for (const { resolve } of this.#waiters.splice(0)) resolve();
    clearTimeout(this.#age);
    this.#age = after(options.recycle.afterMs, () => {
      this.recycle();
    });
    this.#lastBusy = performance.now();
    clearTimeout(this.#idle);
    this.#awaitIdle(process, options.processes.idleAfter);
  }

  /** Tells when the process has had no call for `idleAfter` ms, but not before `ms` from now. */
  #awaitIdle(process: PipelineProcess, ms: number): void {
    this.#idle = after(ms, () => {
      this.#idle = undefined;
      // If it has a call, its time begins when it has none. If it must stay, it is idle again after its next call.
      if (this.serving !== process || process.load > 0) return;
      const left = this.#lastBusy + this.#options.options.processes.idleAfter - performance.now();
      if (left > 0) this.#awaitIdle(process, left);
      else this.#options.onIdle();
    });
  }

  #recycleIfDue(process: PipelineProcess): void {
    const { afterCalls, aboveMemory } = this.#options.options.recycle;
    const { answered } = process.calls;
    // A process that has done nothing yet is as small as it can be.
    if (this.#state.name !== 'ready' || answered === 0) return;
    if (answered >= afterCalls || (process.rss ?? 0) > aboveMemory) this.recycle();
  }

  #exited(process: PipelineProcess, exit: ProcessExit, lost: readonly LostCall[]): void {
    clearTimeout(this.#age);
    clearTimeout(this.#idle);
    const before = this.#state.name;
    if (before === 'stopping' || before === 'parked') {
      this.#state = before === 'parked' ? { name: before, process: undefined } : { name: 'stopped' };
      this.#report(exit, lost);
      this.#options.listener.changed();
      return;
    }
    // The broker itself ended it. A fault that came up meanwhile says nothing about the next one.
    if (process.dismissed && before !== 'failed') {
      this.#report(exit, lost);
      this.#spawn(before === 'starting' ? 'starting' : 'restarting');
      return;
    }
    const failure = startFailure(exit, before === 'ready');
    if (before !== 'ready') this.#firstFailure ??= failure;
    const pause = exit.permanent ? undefined : this.#policyAfter(exit).next();
    const reason = before === 'ready' ? failure : afterTries(this.#firstFailure ?? failure, this.#tries);
    this.#state =
      pause === undefined
        ? { name: 'failed', failure: reason }
        : { name: before === 'starting' ? 'starting' : 'restarting', process: undefined };
    this.#report(exit, lost);
    if (pause === undefined) this.#giveUp(reason);
    else this.#spawnAfter(pause);
    this.#options.listener.changed();
  }

  /** A pipeline that throws, or takes too long, before the broker was ready will as a rule do so again. */
  #policyAfter({ reason, pid }: ProcessExit): RestartPolicy {
    const failedByItself = (reason === 'start' || reason === 'memory') && pid !== undefined;
    return failedByItself && !this.#options.wasReady() ? this.#policyAtStart : this.#policy;
  }

  #report(exit: ProcessExit, lost: readonly LostCall[]): void {
    this.#options.calls.lost(lost, exit);
    this.#options.listener.exited(exit);
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

function policies({ restart }: ResolvedOptions): [RestartPolicy, RestartPolicy] {
  const atStart = { ...restart, limit: restart.atStart, within: Infinity };
  return [new RestartPolicy(restart), new RestartPolicy(atStart)];
}
