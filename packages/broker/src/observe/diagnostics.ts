import { channel } from 'node:diagnostics_channel';

import type { PendingCall } from '../call/pending-call.js';
import { checkTraceparent } from '../options/traceparent.js';
import type { ProcessExit } from '../process/exit.js';
import type { BrokerState } from './broker-events.js';
import type {
  CallQueueMessage,
  CallRefuseMessage,
  CallSettleMessage,
  CallStartMessage,
  ObservedBroker,
  ProcessExitMessage,
  ProcessMessage,
  StateMessage,
} from './diagnostics-messages.js';

const queue = channel('dual:broker:call:queue');
const start = channel('dual:broker:call:start');
const settle = channel('dual:broker:call:settle');
const refuse = channel('dual:broker:call:refuse');
const spawn = channel('dual:broker:process:spawn');
const ready = channel('dual:broker:process:ready');
const exit = channel('dual:broker:process:exit');
const state = channel('dual:broker:state');

/** Publishes the events of one broker on the diagnostics channels. Without a subscriber this costs next to nothing. */
export class Diagnostics {
  readonly #broker: ObservedBroker;

  constructor(broker: ObservedBroker) {
    this.#broker = broker;
  }

  /** Whether a subscriber hears of queued calls. It may then submit other calls. */
  get tellsOfQueue(): boolean {
    return queue.hasSubscribers;
  }

  queued(call: PendingCall): void {
    if (!queue.hasSubscribers) return;
    const setTraceparent = (traceparent: string): void => {
      call.traceparent = checkTraceparent(traceparent);
    };
    const { attempt } = call;
    queue.publish({ broker: this.#broker, call, attempt, setTraceparent } satisfies CallQueueMessage);
  }

  started(call: PendingCall): void {
    if (!start.hasSubscribers) return;
    const { attempt } = call;
    start.publish({ broker: this.#broker, call, attempt } satisfies CallStartMessage);
  }

  settled(call: PendingCall, error: unknown): void {
    if (!settle.hasSubscribers) return;
    settle.publish({ broker: this.#broker, call, error } satisfies CallSettleMessage);
  }

  refused(method: string, error: unknown): void {
    if (!refuse.hasSubscribers) return;
    refuse.publish({ broker: this.#broker, method, error } satisfies CallRefuseMessage);
  }

  spawned(pid: number, index: number): void {
    if (!spawn.hasSubscribers) return;
    spawn.publish({ broker: this.#broker, pid, index } satisfies ProcessMessage);
  }

  ready(pid: number, index: number): void {
    if (!ready.hasSubscribers) return;
    ready.publish({ broker: this.#broker, pid, index } satisfies ProcessMessage);
  }

  exited(processExit: ProcessExit): void {
    if (!exit.hasSubscribers) return;
    exit.publish({ broker: this.#broker, exit: processExit } satisfies ProcessExitMessage);
  }

  stateChanged(now: BrokerState, previous: BrokerState): void {
    if (!state.hasSubscribers) return;
    state.publish({ broker: this.#broker, state: now, previous } satisfies StateMessage);
  }
}
