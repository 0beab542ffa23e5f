import { randomInt } from 'node:crypto';

import { Channel } from '../channel/channel.js';
import type { Frame, Payload } from '../channel/frame.js';
import { initFrame, signalFrame, ToBroker, ToChild } from '../channel/messages.js';
import { BrokerMemory } from '../channel/shared/broker-memory.js';
import { reviveThrown } from '../channel/thrown/revive.js';
import { sumTraffic } from '../channel/traffic.js';
import {
  decodeFatal,
  decodeHalted,
  decodeLoaded,
  decodeReady,
  decodeStartFailure,
} from '../channel/untrusted.js';
import { PipelineStartError, ProtocolError } from '../errors.js';
import type { OutputInfo } from '../options/options.js';
import type { ResolvedOptions } from '../options/resolve.js';
import { after } from '../timer.js';
import { writeAborted } from './abort-writer.js';
import { type Ending, ending, isCrash, suspectOf, type Why } from './ending.js';
import type { ProcessExit } from './exit.js';
import { killAtOnce, killEventually } from './kill.js';
import { lastWords } from './last-words.js';
import { OutputReader } from './output.js';
import { checkPermissions } from './permissions.js';
import { type CallListener, type LostCall, ProcessCalls } from './process-calls.js';
import { memoryLimitError, notConstructedError } from './process-errors.js';
import type { ProcessState, ProcessStats } from './process-stats.js';
import { Pulse } from './pulse.js';
import { spawnChild, type SpawnedChild, type SpawnOptions } from './spawn.js';
import { closeWire, openWire, type Wire } from './wire.js';

/** How long a process may live after its last message, or after its channel has ended, in ms. */
const EXIT_GRACE = 1_000;
/** How long a process that refuses signals may take to notice that its lifeline is closed, in ms. Then it is given up. */
const REFUSAL_GRACE = 3_000;

type State =
  | { readonly name: 'spawning' }
  | { readonly name: 'constructing' }
  | { readonly name: 'serving' }
  | ({ readonly name: 'stopping' } & Ending)
  | ({ readonly name: 'exited' } & Pick<Ending, 'dismissed'>);

/** Learns about the life of one process. */
export interface ProcessListener {
  spawned(pid: number): void;
  /** The pipeline is constructed. @param methods Names of its methods; `undefined` if they are not known. */
  ready(methods: readonly string[] | undefined): void;
  /** It has answered a call. The `CallListener` hears of it after this. */
  answered(): void;
  /** It has no call any more. @param now By `performance.now()`. */
  idle(now: number): void;
  /** It has reported its memory. */
  reported(): void;
  /** It is gone. @param lost Calls without an answer, in the order in which they were sent. */
  exited(exit: ProcessExit, lost: readonly LostCall[]): void;
  output(line: string, info: OutputInfo): void;
  /** It has loaded these files (option `watch`). */
  loaded(files: readonly string[]): void;
}

export interface ProcessOptions
  extends
    Omit<SpawnOptions, 'memory'>,
    Pick<
      ResolvedOptions,
      | 'concurrency'
      | 'maxQueueBytes'
      | 'timeout'
      | 'limits'
      | 'maxMessageBytes'
      | 'startTimeout'
      | 'recycle'
      | 'output'
      | 'sharedMemory'
      | 'watch'
    > {
  readonly index: number;
  /** The first message. */
  readonly init: Payload;
  readonly listener: ProcessListener;
  readonly calls: CallListener;
  /** Whether the broker has a listener for single lines of output. */
  readonly wantsLines: () => boolean;
}

/** One child process with one pipeline in it, from spawn to exit. */
export class PipelineProcess {
  readonly calls: ProcessCalls;
  readonly #options: ProcessOptions;
  #state: State = { name: 'spawning' };
  #child: SpawnedChild | undefined;
  #channel: Channel | undefined;
  #memory: BrokerMemory | undefined;
  #stderr: OutputReader | undefined;
  #pulse: Pulse | undefined;
  #startLimit: NodeJS.Timeout | undefined;
  /** Aborted if the process is to end before it exists. */
  readonly #opening = new AbortController();
  readonly #spawnedAt = new Date();

  constructor(options: ProcessOptions) {
    this.#options = options;
    const { concurrency, maxQueueBytes, timeout, listener, calls } = options;
    this.calls = new ProcessCalls({
      concurrency,
      maxQueueBytes,
      timeout,
      link: {
        pid: () => this.pid,
        memory: () => this.#memory,
        send: (frame) => {
          this.#channel?.send(frame);
        },
        latestFrame: () => this.#channel?.latest ?? 0,
        mayReach: (frame) => this.#channel?.mayReach(frame) ?? true,
        flagAborted: (id) => {
          if (this.#child !== undefined) writeAborted(this.#child.lifeline, id);
        },
      },
      listener: calls,
      onAnswer: () => {
        listener.answered();
      },
      onNone: (now) => {
        listener.idle(now);
      },
      onOverdue: () => {
        this.#kill({ reason: 'overdue' });
      },
    });
  }

  /** Index of the process, from 0. */
  get index(): number {
    return this.#options.index;
  }

  get pid(): number | undefined {
    return this.#child?.process.pid;
  }

  get state(): ProcessState {
    if (this.#state.name !== 'exited' && this.#pulse?.suspended === true) return 'suspended';
    if (this.#state.name !== 'serving') return this.#state.name;
    return this.load === 0 ? 'idle' : 'busy';
  }

  /** Whether the broker wanted it to end before it gave a reason itself. */
  get dismissed(): boolean {
    return 'dismissed' in this.#state && this.#state.dismissed;
  }

  /** Its resident memory, in bytes; `undefined` before its first report. */
  get rss(): number | undefined {
    return this.#pulse?.rss;
  }

  get stats(): ProcessStats {
    const { index, pid, state, rss } = this;
    const bytes = sumTraffic([this.#channel?.traffic, this.#memory?.traffic]);
    const sharedMemory = this.#memory?.stats;
    const calls = this.calls.answered;
    return { index, pid, state, calls, rss, bytes, sharedMemory, spawnedAt: this.#spawnedAt };
  }

  /** Number of calls that it has. */
  get load(): number {
    return this.calls.inFlight.size;
  }

  /** How many calls it may get now, as one batch or as one call. */
  get room(): number {
    if (this.#state.name !== 'serving') return 0;
    return Math.max(0, this.#options.recycle.afterCalls - this.calls.answered - this.load);
  }

  spawn(): void {
    const { startTimeout, init, maxMessageBytes } = this.#options;
    this.#startLimit = after(startTimeout, () => {
      this.#kill({ reason: 'start', cause: notConstructedError(startTimeout) });
    });
    this.#channel = new Channel({
      maxMessageBytes,
      seal: randomInt(2 ** 32),
      userCode: 'there',
      onFrame: (frame) => {
        this.#take(this.#memory?.take(frame) ?? frame);
      },
      onEnd: (error) => {
        this.#channelEnd(error);
      },
    });
    this.#channel.send(initFrame(init));
    void this.#spawn(this.#channel);
  }

  /** Lets it run its calls, then clean up. Kills it if the cleanup takes longer than `patience` ms. */
  stop(patience: number): void {
    if (this.#state.name === 'spawning' || this.#state.name === 'constructing') {
      this.#kill({ reason: 'requested' });
      return;
    }
    if (this.#state.name === 'serving') {
      this.#stopping({ reason: 'requested' });
      this.#channel?.send(signalFrame(ToChild.Stop));
    }
    this.calls.onceNone(() => {
      this.#expectExit(patience);
    });
  }

  /** Ends it without waiting for its calls. */
  kill(): void {
    this.#kill({ reason: 'requested' });
  }

  async #spawn(channel: Channel): Promise<void> {
    try {
      checkPermissions(this.#options.execArgv === undefined);
      const wire = await openWire(channel.onread, this.#opening.signal);
      // It may have been told to end in the meantime.
      if (this.#opening.signal.aborted) {
        closeWire(wire);
        this.#opening.signal.throwIfAborted();
      }
      const child = this.#spawnChild(wire);
      this.#child = child;
      this.#listen(child);
      channel.connect(child);
      this.#state = { name: 'constructing' };
    } catch (cause) {
      const permanent = cause instanceof PipelineStartError;
      const why =
        this.#state.name === 'stopping' ? this.#state.why : { reason: 'start' as const, cause, permanent };
      this.#exited({ ...why, exitCode: undefined, signal: undefined });
    }
  }

  #spawnChild(wire: Wire): SpawnedChild {
    const { sharedMemory, maxMessageBytes } = this.#options;
    const memory = sharedMemory && BrokerMemory.create({ ...sharedMemory, maxMessageBytes });
    this.#memory = memory;
    try {
      return spawnChild({ ...this.#options, memory: memory?.fd }, wire);
    } finally {
      memory?.inherited();
    }
  }

  #listen(spawned: SpawnedChild): void {
    const { process: child, lifeline, stdout, stderr } = spawned;
    const { listener, output, wantsLines } = this.#options;
    child.once('spawn', () => {
      if (child.pid !== undefined) listener.spawned(child.pid);
    });
    child.once('error', (cause) => {
      // Also emitted if a signal could not be sent; then an exit follows.
      if (child.pid === undefined)
        this.#exited({ exitCode: undefined, signal: undefined, reason: 'start', cause });
    });
    child.once('exit', (exitCode, signal) => {
      void lastWords(spawned).then(() => {
        const crashed = this.#state.name === 'stopping' && isCrash(this.#state, this.load, signal);
        const why = crashed ? { reason: 'crash' as const } : this.#why;
        this.#exited({ ...why, exitCode: exitCode ?? undefined, signal: signal ?? undefined });
      });
    });
    const { pid = 0 } = child;
    this.#pulse = new Pulse(
      lifeline,
      () => {
        listener.reported();
      },
      (bytes) => {
        const cause = memoryLimitError(bytes, this.#options.limits.memory);
        this.#stopping({ reason: 'memory', cause });
      },
    );
    const lines = { output, wantsLines, onLine: listener.output.bind(listener) };
    new OutputReader(stdout, { ...lines, info: { stream: 'stdout', pid } });
    this.#stderr = new OutputReader(stderr, { ...lines, info: { stream: 'stderr', pid } });
  }

  get #why(): Why {
    return this.#state.name === 'stopping' ? this.#state.why : { reason: 'crash' };
  }

  /** It is about to end. @param signalled Whether it gets a signal, or its channel is cut. */
  #stopping(why: Why, signalled = false): void {
    const before = this.#state.name === 'stopping' ? this.#state : undefined;
    this.#state = { name: 'stopping', ...ending(why, signalled, before) };
  }

  #exited(
    end: Pick<ProcessExit, 'exitCode' | 'signal' | 'reason' | 'cause'> & { permanent?: boolean },
  ): void {
    if (this.#state.name === 'exited') return;
    this.#state = { name: 'exited', dismissed: this.dismissed };
    clearTimeout(this.#startLimit);
    this.#channel?.destroy();
    for (const stream of [this.#child?.stdout, this.#child?.stderr, this.#child?.lifeline]) stream?.destroy();
    const lost = this.calls.takeLost(end.reason);
    this.#memory?.close();
    const { index, pid } = this;
    const suspect = suspectOf(end.reason, lost);
    const stderr = this.#stderr?.tail ?? '';
    const exit = { permanent: false, ...end, index, pid, stderr, ...(suspect && { suspect }) };
    this.#options.listener.exited(exit, lost);
  }

  #take(frame: Frame): void {
    switch (frame.type) {
      case ToBroker.Ready:
        this.#ready(decodeReady(frame.payload));
        break;
      case ToBroker.Mapped:
        if (this.#memory === undefined) throw new ProtocolError('the child maps memory that does not exist');
        this.#memory.share();
        break;
      case ToBroker.Loaded:
        if (!this.#options.watch) throw new ProtocolError('the child reports files that are not watched');
        this.#options.listener.loaded(decodeLoaded(frame.payload));
        break;
      case ToBroker.StartFailure: {
        const { thrown, permanent } = decodeStartFailure(frame.payload);
        this.#stopping({ reason: 'start', cause: reviveThrown(thrown), permanent });
        this.#expectExit(EXIT_GRACE);
        break;
      }
      case ToBroker.Fatal: {
        const { thrown, running } = decodeFatal(frame.payload);
        // The child starts no call after it.
        this.calls.halted(running);
        this.#stopping({ reason: 'fatal', cause: reviveThrown(thrown) });
        this.#expectExit(EXIT_GRACE);
        break;
      }
      case ToBroker.Halted:
        if (this.#state.name !== 'stopping') throw new ProtocolError('the child halted without being asked');
        this.calls.halted(decodeHalted(frame.payload));
        break;
      default:
        this.calls.take(frame);
    }
  }

  #ready(methods: readonly string[] | undefined): void {
    if (this.#state.name === 'stopping') return;
    if (this.#state.name !== 'constructing')
      throw new ProtocolError('the child is ready for the second time');
    clearTimeout(this.#startLimit);
    this.#state = { name: 'serving' };
    this.#options.listener.ready(methods);
  }

  #channelEnd(error: ProtocolError | undefined): void {
    if (error !== undefined) {
      this.#stopping({ reason: 'protocol', cause: error }, true);
      if (this.#child !== undefined) killAtOnce(this.#child.process, this.#refused);
      return;
    }
    // As a rule the process is about to exit. If it closed the channel itself, it is of no more use.
    after(EXIT_GRACE, () => {
      this.#kill({ reason: 'protocol', cause: new ProtocolError('the child closed its channel') });
    });
  }

  #expectExit(within: number): void {
    after(within, () => {
      this.#kill({ reason: 'requested' });
    });
  }

  #kill(why: Why): void {
    if (this.#state.name === 'exited') return;
    clearTimeout(this.#startLimit);
    const child = this.#child?.process;
    // It has ended by itself, and only its last words are still being read.
    if (child !== undefined && (child.exitCode !== null || child.signalCode !== null)) return;
    this.#stopping(this.#state.name === 'stopping' ? this.#state.why : why, true);
    this.#opening.abort();
    // The calls that it has not started are for the next process.
    this.#channel?.send(signalFrame(ToChild.Halt));
    // Before the signal: the signal itself may end the running call.
    this.#channel?.flush();
    if (child !== undefined) killEventually(child, this.#refused);
  }

  /** The system refuses a signal to the process. Without its lifeline the process ends itself. */
  readonly #refused = (): void => {
    this.#child?.lifeline.destroy();
    after(REFUSAL_GRACE, () => {
      this.#exited({ ...this.#why, exitCode: undefined, signal: undefined });
    });
  };
}
