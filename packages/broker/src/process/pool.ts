import type { PendingCall } from '../call/call.js';
import { sumTraffic, type Traffic } from '../channel/channel.js';
import type { ProcessStats } from './process-stats.js';
import {
  type StartFailureReason,
  Supervisor,
  type SupervisorListener,
  type SupervisorOptions,
  type SupervisorState,
} from './supervisor.js';

/** The state of them all is the first of these that one of them has. */
const PRECEDENCE: readonly SupervisorState[] = [
  'ready',
  'restarting',
  'starting',
  'stopping',
  'idle',
  'failed',
  'stopped',
];

export type PoolOptions = Omit<SupervisorOptions, 'index'>;

/** A process that can be sent something, */
interface Free {
  readonly process: Supervisor;
  readonly index: number;
  /** and how many calls at most. */
  readonly room: number;
}

/** The processes that run one pipeline, each kept up by a supervisor of its own: what befalls one is not the others' concern. */
export class Pool {
  readonly #supervisors: readonly Supervisor[];

  constructor(options: PoolOptions) {
    const listener: SupervisorListener = {
      ...options.listener,
      gaveUp: (reason) => {
        if (this.state === 'failed') options.listener.gaveUp(reason);
      },
    };
    const { processes } = options.options;
    this.#supervisors = Array.from(
      { length: processes },
      (_, index) => new Supervisor({ ...options, index, listener }),
    );
  }

  get state(): SupervisorState {
    for (const state of PRECEDENCE)
      for (const supervisor of this.#supervisors) if (supervisor.state === state) return state;
    return 'stopped';
  }

  /** Why no process can be brought up; set in state `failed`. */
  get failure(): StartFailureReason | undefined {
    return this.state === 'failed' ? this.#supervisors[0]?.failure : undefined;
  }

  get processes(): readonly ProcessStats[] {
    return this.#supervisors.flatMap(({ stats }) => stats ?? []);
  }

  /** Processes spawned in place of others. */
  get restarts(): number {
    return this.#supervisors.reduce((sum, { restarts }) => sum + restarts, 0);
  }

  /** Bytes that all processes were sent, and have sent, those included that have ended. */
  get bytes(): Traffic {
    return sumTraffic(this.#supervisors.map(({ bytes }) => bytes));
  }

  /** Brings up every process that is not, or is not about to be. */
  start(): void {
    for (const supervisor of this.#supervisors) supervisor.start();
  }

  /** The same. Resolves when all are ready to take calls; rejects when one of them cannot be brought up. */
  async up(): Promise<void> {
    await Promise.all(this.#supervisors.map((supervisor) => supervisor.up()));
  }

  /** Replaces one process after the other, so that the others run calls meanwhile. Resolves and rejects as `up` does. */
  async reload(): Promise<void> {
    for (const supervisor of this.#supervisors) {
      supervisor.recycle();
      await supervisor.up();
    }
  }

  /**
   * The processes that should be sent one more call now, the least busy one first.
   * @param meanServiceTime How long calls run, in ms.
   */
  free(meanServiceTime: number | undefined): Free[] {
    const free: Free[] = [];
    for (const process of this.#supervisors) {
      const room = this.#room(process, meanServiceTime);
      if (room > 0) free.push({ process, index: process.index, room });
    }
    return free.length > 1 ? free.sort((a, b) => a.process.load - b.process.load) : free;
  }

  /** The first of them. */
  leastBusy(meanServiceTime: number | undefined): Supervisor | undefined {
    let least: Supervisor | undefined;
    for (const process of this.#supervisors) {
      const isFree = this.#room(process, meanServiceTime) > 0;
      if (isFree && (least === undefined || process.load < least.load)) least = process;
    }
    return least;
  }

  /** Several processes are sent nothing ahead: what waits behind a long call in one may be run by another. */
  #room(process: Supervisor, meanServiceTime: number | undefined): number {
    return process.room(this.#supervisors.length === 1 ? meanServiceTime : undefined);
  }

  /** Nobody waits for the call any more: it may go on for `patience` ms. */
  abandon(call: PendingCall, patience: number): void {
    this.#supervisors.some((supervisor) => supervisor.abandon(call, patience));
  }

  /** Ends all processes for good. */
  stop(patience: number): void {
    for (const supervisor of this.#supervisors) supervisor.stop(patience);
  }

  /** Ends them at once. */
  kill(): void {
    for (const supervisor of this.#supervisors) supervisor.kill();
  }
}
