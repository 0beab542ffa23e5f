import { clearImmediate, setImmediate } from 'node:timers';

import type { PendingCall } from '../call/pending-call.js';
import { after } from '../timer.js';
import type { BatchWindow } from './batch-window.js';
import { CallQueue } from './call-queue.js';

/**
 * - `free`: its first call may leave
 * - `gathering`: its calls wait for others that come in this turn of the event loop
 * - `settled`: that turn, or the wait, has just ended
 * - `waiting`: its calls wait for the end of their window
 */
type State = 'free' | 'gathering' | 'settled' | 'waiting';

export interface LaneOptions {
  readonly name: string;
  /** Whether it belongs to an affinity: its calls go to one process, as long as that lives. */
  readonly sticky: boolean;
  /** Set if its calls wait for each other, to leave as a batch. */
  readonly window: BatchWindow | undefined;
}

/** Calls that leave one after the other: those of one affinity, those that can make a batch, or all others. */
export class Lane {
  readonly name: string;
  readonly sticky: boolean;
  readonly window: BatchWindow | undefined;
  readonly calls = new CallQueue();
  /** Index of the process that its calls go to; `undefined` if any process may take them. */
  process: number | undefined;
  /** When the last call came, by `performance.now()`. */
  lastArrival = 0;
  #state: State = 'free';
  #cancel: () => void = () => undefined;

  constructor({ name, sticky, window }: LaneOptions) {
    this.name = name;
    this.sticky = sticky;
    this.window = window;
  }

  get state(): State {
    return this.#state;
  }

  /** The calls, from `first` on, that can leave as one batch. */
  batch(first: PendingCall, atMost: number): readonly PendingCall[] {
    const calls = [first];
    // A call that has killed its process runs alone, so that it does not take others along.
    if (first.attempt > 0) return calls;
    for (let call = this.calls.after(first); call !== undefined; call = this.calls.after(call)) {
      if (calls.length >= atMost || call.method !== first.method || call.streams || call.attempt > 0) break;
      calls.push(call);
    }
    return calls;
  }

  /** Ends its wait. */
  free(): void {
    this.#cancel();
    this.#state = 'free';
  }

  /** Waits for the calls of this turn of the event loop. */
  gather(then: () => void): void {
    const immediate = setImmediate(() => {
      this.#settle(then);
    });
    this.#wait('gathering', () => {
      clearImmediate(immediate);
    });
  }

  /** Waits for `ms`. */
  wait(ms: number, then: () => void): void {
    const timer = after(ms, () => {
      this.#settle(then);
    });
    this.#wait('waiting', () => {
      clearTimeout(timer);
    });
  }

  #wait(state: State, cancel: () => void): void {
    this.#cancel();
    this.#state = state;
    this.#cancel = cancel;
  }

  #settle(then: () => void): void {
    this.#state = 'settled';
    then();
    if (this.state === 'settled') this.#state = 'free';
  }
}
