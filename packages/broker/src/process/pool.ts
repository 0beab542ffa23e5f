import type { PendingCall } from '../call/pending-call.js';
import { sumTraffic, type Traffic } from '../channel/traffic.js';
import type { ResolvedOptions } from '../options/resolve.js';
import { after } from '../timer.js';
import type { PipelineProcess } from './pipeline-process.js';
import type { StartFailureReason } from './process-errors.js';
import type { ProcessStats } from './process-stats.js';
import {
  Supervisor,
  type SupervisorListener,
  type SupervisorOptions,
  type SupervisorState,
} from './supervisor.js';

/** The state of the pool is the first of these that one of its processes has. */
const PRECEDENCE: readonly SupervisorState[] = [
  'ready',
  'restarting',
  'starting',
  'stopping',
  'idle',
  'failed',
  'parked',
  'stopped',
];

export type PoolOptions = Omit<SupervisorOptions, 'index' | 'wasReady' | 'onIdle'>;

/** A process that can take calls. */
interface Free {
  readonly process: PipelineProcess;
  /** How many it can take. */
  readonly room: number;
  /**
   * Whether it should get a call, or a batch, that runs for this time.
   * @param expected In ms; `undefined` if that is not known.
   */
  readonly takes: (expected: number | undefined) => boolean;
}

/** The processes that run one pipeline. Each has a supervisor of its own: the fate of one does not concern the others. */
export class Pool {
  readonly #supervisors: readonly Supervisor[];
  /** Number of calls that one process runs at once. */
  readonly #concurrency: number;
  /** Fewest processes. */
  readonly #min: number;
  readonly #restart: ResolvedOptions['restart'];
  /** Whether any of the processes has been ready. */
  #wasReady = false;

  constructor(options: PoolOptions) {
    const listener: SupervisorListener = {
      ...options.listener,
      ready: (pid, index, methods) => {
        this.#wasReady = true;
        options.listener.ready(pid, index, methods);
      },
      gaveUp: (reason) => {
        if (this.state === 'failed') options.listener.gaveUp(reason);
        else if (!reason.exit.permanent) this.#tryAgain(reason.exit.index);
      },
    };
    const { processes, concurrency, restart } = options.options;
    this.#restart = restart;
    this.#concurrency = concurrency;
    this.#min = processes.min;
    this.#supervisors = Array.from({ length: processes.max }, (_, index) => {
      const supervisor: Supervisor = new Supervisor({
        ...options,
        index,
        listener,
        wasReady: () => this.#wasReady,
        onIdle: () => {
          this.#parkSpare(supervisor);
        },
      });
      return supervisor;
    });
  }

  get state(): SupervisorState {
    for (const state of PRECEDENCE)
      for (const supervisor of this.#supervisors) if (supervisor.state === state) return state;
    return 'stopped';
  }

  /** Why no process can be brought up. Set in the state `failed`. */
  get failure(): StartFailureReason | undefined {
    if (this.state !== 'failed') return undefined;
    return this.#supervisors.find(({ failure }) => failure !== undefined)?.failure;
  }

  get processes(): readonly ProcessStats[] {
    return this.#supervisors.flatMap(({ stats }) => stats ?? []);
  }

  /** Number of processes that replaced another. */
  get restarts(): number {
    return this.#supervisors.reduce((sum, { restarts }) => sum + restarts, 0);
  }

  /** Bytes to and from all processes so far. */
  get bytes(): Traffic {
    return sumTraffic(this.#supervisors.map(({ bytes }) => bytes));
  }

  /** Brings up processes until there are as many as there should at least be. */
  start(): void {
    for (const supervisor of this.#wanted()) supervisor.start();
  }

  /** Calls `start`, and resolves when all processes are ready. Rejects if one of them cannot be brought up. */
  async up(): Promise<void> {
    await Promise.all(this.#wanted().map((supervisor) => supervisor.up()));
  }

  /**
   * Brings up parked processes as long as those that are there, or on their way, have too few places.
   * @param exceeds Whether the load needs more places than these, by index of the process.
   */
  summon(exceeds: (places: readonly number[]) => boolean): void {
    for (const supervisor of this.#supervisors) {
      if (supervisor.state !== 'parked') continue;
      if (!exceeds(this.#supervisors.map((one) => (one.state === 'parked' ? 0 : this.#placesOf(one)))))
        return;
      supervisor.start();
    }
  }

  /** Replaces one process after the other, so that the others run calls meanwhile. Resolves and rejects as `up` does. */
  async reload(): Promise<void> {
    if (this.state === 'idle') {
      await this.up();
      return;
    }
    for (const supervisor of this.#supervisors) {
      if (supervisor.state === 'parked') continue;
      supervisor.recycle();
      await supervisor.up();
    }
  }

  /** By index: how many calls each process can take now, or as soon as it is ready. */
  get places(): readonly number[] {
    return this.#supervisors.map((supervisor) => this.#placesOf(supervisor));
  }

  /** The processes that can take a call now, the least busy one first. */
  free(): Free[] {
    const free: Free[] = [];
    for (const { serving: process } of this.#supervisors) {
      if (process === undefined) continue;
      const { room } = process;
      if (room > 0 && this.#takes(process, 0))
        free.push({ process, room, takes: (expected) => this.#takes(process, expected) });
    }
    return free.length > 1 ? free.sort((a, b) => a.process.load - b.process.load) : free;
  }

  /** The least busy process that should get a call. @param expected How long the call runs, as for `takes`. */
  leastBusy(expected: number | undefined): PipelineProcess | undefined {
    let least: PipelineProcess | undefined;
    for (const { serving: process } of this.#supervisors) {
      if (process === undefined || process.room === 0 || !this.#takes(process, expected)) continue;
      if (least === undefined || process.load < least.load) least = process;
    }
    return least;
  }

  /** One of several processes gets no call ahead of its turn: another one may be free earlier. */
  #takes({ calls: { inFlight } }: PipelineProcess, expected: number | undefined): boolean {
    return inFlight.hasPlace || (this.#supervisors.length === 1 && inFlight.takesAhead(expected));
  }

  /**
   * Brings up a process that was given up, if others still run. Otherwise its place would stay empty, although the cause may
   * be over. The restarts before no longer count by then.
   */
  #tryAgain(index: number): void {
    const { limit, within, maxDelay } = this.#restart;
    if (limit === 0) return;
    after(Math.max(within, maxDelay), () => {
      const supervisor = this.#supervisors[index];
      if (supervisor?.state === 'failed' && this.state !== 'failed') supervisor.start();
    });
  }

  #placesOf({ state, serving }: Supervisor): number {
    if (serving !== undefined) return Math.min(serving.room, serving.calls.inFlight.places);
    const comes = state === 'idle' || state === 'parked' || state === 'starting' || state === 'restarting';
    return comes ? this.#concurrency : 0;
  }

  /** Those that have a process, or will have one soon. */
  get #active(): readonly Supervisor[] {
    return this.#supervisors.filter(({ isDown }) => !isDown);
  }

  /** Those that should be up, which are at least `min`. The others are parked. */
  #wanted(): Supervisor[] {
    const down = this.#supervisors.filter(({ isDown }) => isDown);
    const missing = Math.max(0, this.#min - this.#active.length);
    const spare = new Set(down.slice(missing));
    for (const supervisor of spare) supervisor.park();
    return this.#supervisors.filter((supervisor) => !spare.has(supervisor));
  }

  /** Ends an idle process if there are more than there must be. Those that were given up may be tried again. */
  #parkSpare(idle: Supervisor): void {
    if (this.#active.length <= this.#min) return;
    idle.park();
    for (const supervisor of this.#supervisors) if (supervisor.state === 'failed') supervisor.park();
  }

  /** Whether a process has the call. */
  has(call: PendingCall): boolean {
    return this.#supervisors.some(({ latest }) => latest?.calls.inFlight.find(call) !== undefined);
  }

  /** The last caller has left: the process that has the call may go on with it for `patience` ms. */
  abandon(call: PendingCall, patience: number): void {
    this.#supervisors.some(({ latest }) => latest?.calls.abandon(call, patience) === true);
  }

  /** Ends all processes for good. Each may take `patience` ms to clean up. */
  stop(patience: number): void {
    for (const supervisor of this.#supervisors) supervisor.stop(patience);
  }

  /** Ends all processes at once, and for good. */
  kill(): void {
    for (const supervisor of this.#supervisors) supervisor.kill();
  }
}
