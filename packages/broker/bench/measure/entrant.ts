import { setTimeout } from 'node:timers/promises';

import type { Connection, Contender } from '../contender.js';
import type { Turn } from '../stats.js';
import type { Task } from '../tasks.js';
import { check } from './check.js';
import { takeTurn } from './turn.js';
import { workerUsage } from './usage.js';
import { within } from './within.js';

/** Time limit in ms for each step of a contender: its start, a turn, and its end. */
const PATIENCE = 30_000;

type State =
  | { readonly name: 'open'; readonly connection: Connection; readonly pid: number }
  | { readonly name: 'closed' };

/** A contender during a run. It takes part until it fails. */
export class Entrant {
  readonly contender: Contender;
  readonly turns = new Map<Task, Turn[]>();
  #state: State = { name: 'closed' };
  #failure: string | undefined;

  constructor(contender: Contender) {
    this.contender = contender;
  }

  /** The message of the error that ended its participation, if any. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Whether it takes turns at this task. */
  does({ payload }: Task): boolean {
    return this.#state.name === 'open' && (this.contender.carries === 'bytes' || typeof payload === 'string');
  }

  /** Starts it, and checks that its answers are right. */
  async open(tasks: readonly Task[]): Promise<void> {
    await this.#attempt(async () => {
      const connection = await this.contender.open();
      // Store the connection before the next step, so that it is closed even if that fails.
      this.#state = { name: 'open', connection, pid: process.pid };
      const { pid } = await workerUsage(connection);
      this.#state = { name: 'open', connection, pid };
      for (const task of tasks) if (this.does(task)) await check(connection, task);
    });
  }

  /** Takes a turn that is not counted. */
  async warmUp(task: Task): Promise<void> {
    await this.#turn(task, 2 * task.turn);
  }

  /** Takes a turn that is counted. */
  async turn(task: Task): Promise<void> {
    const turn = await this.#turn(task, task.turn);
    if (turn === undefined) return;
    const turns = this.turns.get(task);
    if (turns === undefined) this.turns.set(task, [turn]);
    else turns.push(turn);
  }

  /** Ends its worker, and kills it if it does not end in time. */
  async close(): Promise<void> {
    const state = this.#state;
    if (state.name === 'closed') return;
    this.#state = { name: 'closed' };
    try {
      await within(PATIENCE, Promise.resolve(state.connection.close()));
      if (state.pid !== process.pid) await within(PATIENCE, gone(state.pid));
    } catch (error) {
      this.#failure ??= `could not be closed: ${messageOf(error)}`;
      if (state.pid !== process.pid && isAlive(state.pid)) process.kill(state.pid, 'SIGKILL');
    }
  }

  async #turn(task: Task, duration: number): Promise<Turn | undefined> {
    const state = this.#state;
    if (state.name === 'closed' || !this.does(task)) return undefined;
    return this.#attempt(() => takeTurn(state.connection, task, duration));
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await within(PATIENCE, work());
    } catch (error) {
      this.#failure = messageOf(error);
      await this.close();
      return undefined;
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await setTimeout(5);
}
