import { randomInt } from 'node:crypto';

import type { PendingCall } from '../call/call.js';
import { Channel, sumTraffic } from '../channel/channel.js';
import type { Frame } from '../channel/frame.js';
import {
  decodeFatal,
  decodeHalted,
  decodeStartFailure,
  initFrame,
  signalFrame,
  ToBroker,
  ToChild,
} from '../channel/messages.js';
import { BrokerMemory } from '../channel/shared/broker-memory.js';
import { reviveThrown } from '../channel/thrown/revive.js';
import { PipelineStartError, ProtocolError } from '../errors.js';
import { after } from '../timer.js';
import type { ProcessExit } from './exit.js';
import { killEventually } from './kill.js';
import { lastWords } from './last-words.js';
import { OutputReader } from './output.js';
import { ProcessCalls } from './process-calls.js';
import type { ProcessOptions, ProcessState, ProcessStats, Shipment } from './process-stats.js';
import { Pulse } from './pulse.js';
import { spawnChild, type SpawnedChild } from './spawn.js';
import { closeWire, openWire, type Wire } from './wire.js';

/** A process that has said its last, or whose channel has ended, should be about to exit. */
const EXIT_GRACE = 1_000;

type State =
  | { readonly name: 'spawning' }
  | { readonly name: 'constructing' }
  | { readonly name: 'serving' }
  | {
      readonly name: 'stopping';
      readonly why: Pick<ProcessExit, 'reason' | 'cause'> & { readonly permanent?: boolean };
    }
  | { readonly name: 'exited' };

/** One child process with one pipeline in it, from its spawn to its end. */
export class PipelineProcess {
  readonly #options: ProcessOptions;
  readonly #calls: ProcessCalls;
  #state: State = { name: 'spawning' };
  #child: SpawnedChild | undefined;
  #channel: Channel | undefined;
  #memory: BrokerMemory | undefined;
  #stderr: OutputReader | undefined;
  #pulse: Pulse | undefined;
  #startLimit: NodeJS.Timeout | undefined;
  readonly #spawnedAt = new Date();

  constructor(options: ProcessOptions) {
    this.#options = options;
    const { concurrency, listener } = options;
    this.#calls = new ProcessCalls({
      concurrency,
      link: {
        pid: () => this.pid,
        memory: () => this.#memory,
        send: (frame) => {
          this.#channel?.send(frame);
        },
      },
      listener,
      onOverdue: () => {
        this.#kill({ reason: 'overdue' });
      },
    });
  }

  get pid(): number | undefined {
    return this.#child?.process.pid;
  }

  get state(): ProcessState {
    if (this.#state.name !== 'exited' && this.#pulse?.suspended === true) return 'suspended';
    if (this.#state.name !== 'serving') return this.#state.name;
    return this.#calls.size === 0 ? 'idle' : 'busy';
  }

  /** Calls it has answered. */
  get calls(): number {
    return this.#calls.answered;
  }

  /** Its resident memory, in bytes; `undefined` before it first told. */
  get rss(): number | undefined {
    return this.#pulse?.rss;
  }

  get stats(): ProcessStats {
    const { pid, state, calls, rss } = this;
    const { index } = this.#options;
    const bytes = sumTraffic([this.#channel?.traffic, this.#memory?.traffic]);
    const sharedMemory = this.#memory?.stats;
    return { index, pid, state, calls, rss, bytes, sharedMemory, spawnedAt: this.#spawnedAt };
  }

  /** How many calls it has. */
  get load(): number {
    return this.#calls.size;
  }

  spawn(): void {
    const { startTimeout, init, maxMessageBytes } = this.#options;
    this.#startLimit = after(startTimeout, () => {
      this.#kill({
        reason: 'start',
        cause: new Error(`the pipeline was not constructed within ${startTimeout} ms`),
      });
    });
    this.#channel = new Channel({
      maxMessageBytes,
      seal: randomInt(2 ** 32),
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

  async #spawn(channel: Channel): Promise<void> {
    try {
      const wire = await openWire(channel.onread);
      // It may have been told to stop meanwhile.
      if (this.#state.name === 'stopping') {
        closeWire(wire);
        this.#exited({ ...this.#state.why, exitCode: undefined, signal: undefined });
        return;
      }
      const child = this.#spawnChild(wire);
      this.#child = child;
      this.#listen(child);
      channel.connect(child);
      this.#state = { name: 'constructing' };
    } catch (cause) {
      const permanent = cause instanceof PipelineStartError;
      this.#exited({ exitCode: undefined, signal: undefined, reason: 'start', cause, permanent });
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

  /** How many calls it should be sent now: as one batch, or one alone. */
  room(meanServiceTime: number | undefined): number {
    if (this.#state.name !== 'serving' || !this.#calls.hasRoom(meanServiceTime)) return 0;
    return Math.max(0, this.#options.recycle.afterCalls - this.calls - this.load);
  }

  send(shipment: Shipment): void {
    this.#calls.send(shipment);
  }

  /** Nobody waits for the call any more: it may go on for `patience` ms. @returns false where it has no such call. */
  abandon(call: PendingCall, patience: number): boolean {
    return this.#calls.abandon(call, patience);
  }

  /** Lets it run what it has, then clean up; kills it where the cleaning up takes longer than `patience` ms. */
  stop(patience: number): void {
    if (this.#state.name === 'spawning' || this.#state.name === 'constructing') {
      this.#kill({ reason: 'requested' });
      return;
    }
    if (this.#state.name === 'serving') {
      this.#state = { name: 'stopping', why: { reason: 'requested' } };
      this.#channel?.send(signalFrame(ToChild.Stop));
    }
    this.#calls.onceNone(() => {
      this.#expectExit(patience);
    });
  }

  /** Ends it without waiting for what it does. */
  kill(): void {
    this.#kill({ reason: 'requested' });
  }

  #listen(spawned: SpawnedChild): void {
    const { process: child, lifeline, stdout, stderr } = spawned;
    const { listener, output, wantsLines } = this.#options;
    child.once('spawn', () => {
      if (child.pid !== undefined) listener.spawned(child.pid);
    });
    child.once('error', (cause) => {
      // Also emitted where a signal could not be sent, which an exit follows.
      if (child.pid === undefined)
        this.#exited({ exitCode: undefined, signal: undefined, reason: 'start', cause });
    });
    child.once('exit', (exitCode, signal) => {
      void lastWords(spawned).then(() => {
        const why = this.#state.name === 'stopping' ? this.#state.why : { reason: 'crash' as const };
        this.#exited({ ...why, exitCode: exitCode ?? undefined, signal: signal ?? undefined });
      });
    });
    const { pid = 0 } = child;
    this.#pulse = new Pulse(lifeline, () => {
      listener.beat();
    });
    const lines = { output, wantsLines, onLine: listener.output.bind(listener) };
    new OutputReader(stdout, { ...lines, info: { stream: 'stdout', pid } });
    this.#stderr = new OutputReader(stderr, { ...lines, info: { stream: 'stderr', pid } });
  }

  #exited(
    end: Pick<ProcessExit, 'exitCode' | 'signal' | 'reason' | 'cause'> & { permanent?: boolean },
  ): void {
    if (this.#state.name === 'exited') return;
    this.#state = { name: 'exited' };
    clearTimeout(this.#startLimit);
    this.#channel?.destroy();
    for (const stream of [this.#child?.stdout, this.#child?.stderr, this.#child?.lifeline]) stream?.destroy();
    const lost = this.#calls.takeLost(end.reason);
    this.#memory?.close();
    const { index } = this.#options;
    const exit = { permanent: false, ...end, index, pid: this.pid, stderr: this.#stderr?.tail ?? '' };
    this.#options.listener.exited(exit, lost);
  }

  #take(frame: Frame): void {
    switch (frame.type) {
      case ToBroker.Ready:
        this.#ready();
        break;
      case ToBroker.Mapped:
        if (this.#memory === undefined) throw new ProtocolError('the child maps memory that there is not');
        this.#memory.share();
        break;
      case ToBroker.StartFailure: {
        const { thrown, permanent } = decodeStartFailure(frame.payload);
        this.#state = { name: 'stopping', why: { reason: 'start', cause: reviveThrown(thrown), permanent } };
        this.#expectExit(EXIT_GRACE);
        break;
      }
      case ToBroker.Fatal: {
        const { thrown, running } = decodeFatal(frame.payload);
        // The child starts no call after it.
        this.#calls.halted(running);
        this.#state = { name: 'stopping', why: { reason: 'fatal', cause: reviveThrown(thrown) } };
        this.#expectExit(EXIT_GRACE);
        break;
      }
      case ToBroker.Halted:
        if (this.#state.name !== 'stopping') throw new ProtocolError('the child has halted unasked');
        this.#calls.halted(decodeHalted(frame.payload));
        break;
      default:
        this.#calls.take(frame);
    }
  }

  #ready(): void {
    if (this.#state.name === 'stopping') return;
    if (this.#state.name !== 'constructing') throw new ProtocolError('the child is ready twice');
    clearTimeout(this.#startLimit);
    this.#state = { name: 'serving' };
    this.#options.listener.ready();
  }

  #channelEnd(error: ProtocolError | undefined): void {
    if (error !== undefined) {
      this.#state = { name: 'stopping', why: { reason: 'protocol', cause: error } };
      this.#child?.process.kill('SIGKILL');
      return;
    }
    // Mostly the process is exiting. If it closed the channel itself, nothing more will come of it.
    after(EXIT_GRACE, () => {
      this.#kill({ reason: 'protocol', cause: new ProtocolError('the child closed its channel') });
    });
  }

  #expectExit(within: number): void {
    after(within, () => {
      this.#kill({ reason: 'requested' });
    });
  }

  #kill(why: Pick<ProcessExit, 'reason' | 'cause'>): void {
    if (this.#state.name === 'exited') return;
    clearTimeout(this.#startLimit);
    const child = this.#child?.process;
    // It has ended by itself, and only its last words are still being read.
    if (child !== undefined && (child.exitCode !== null || child.signalCode !== null)) return;
    if (this.#state.name !== 'stopping') this.#state = { name: 'stopping', why };
    // What it has besides the calls that run is for the next process.
    this.#channel?.send(signalFrame(ToChild.Halt));
    // Before the signal, since what ends a call that runs may be that.
    this.#channel?.flush();
    if (child !== undefined) killEventually(child);
  }
}
