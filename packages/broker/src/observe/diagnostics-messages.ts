import type { Call } from '../call/call.js';
import type { ProcessExit } from '../process/exit.js';
import type { BrokerState, BrokerStats } from './broker-events.js';

/**
 * The messages on each `node:diagnostics_channel` of the broker.
 *
 * Messages about a call are published synchronously: `queue` within `submit`, in the caller's async context; `settle`
 * before the callers continue. All messages about a call carry the same `call` object. An error that a subscriber
 * throws does not reach the broker: Node rethrows it as an uncaught exception.
 */
export interface DiagnosticsMessages {
  /** A call waits: it was accepted, or is queued again because its process died. */
  'dual:broker:call:queue': CallQueueMessage;
  /** A process begins to run a call. */
  'dual:broker:call:start': CallStartMessage;
  /** A call has settled. */
  'dual:broker:call:settle': CallSettleMessage;
  /** A call was refused. */
  'dual:broker:call:refuse': CallRefuseMessage;
  /** A child process was spawned. */
  'dual:broker:process:spawn': ProcessMessage;
  /** Its pipeline is constructed. */
  'dual:broker:process:ready': ProcessMessage;
  /** It has ended. */
  'dual:broker:process:exit': ProcessExitMessage;
  /** The broker's state has changed. */
  'dual:broker:state': StateMessage;
}

/** The broker that a message is about. */
export interface ObservedBroker {
  /** The module of its pipeline: a file URL, or the name of a package. */
  readonly module: string;
  /** Its state now. */
  readonly state: BrokerState;
  /** The same as `Broker.stats`. */
  stats(): BrokerStats;
}

interface Message {
  /** The broker that the message is about. */
  readonly broker: ObservedBroker;
}

/** On `dual:broker:call:queue`. */
export interface CallQueueMessage extends Message {
  /** The call. */
  readonly call: Call;
  /** How often it has run before. */
  readonly attempt: number;
  /**
   * Replaces the traceparent that the pipeline sees in `currentCall().traceparent`.
   * @throws {InvalidOptionError} If it is not a W3C traceparent.
   */
  readonly setTraceparent: (traceparent: string) => void;
}

/** On `dual:broker:call:start`. */
export interface CallStartMessage extends Message {
  /** The call. */
  readonly call: Call;
  /** How often it has run before. */
  readonly attempt: number;
}

/** On `dual:broker:call:settle`. */
export interface CallSettleMessage extends Message {
  /** The call. */
  readonly call: Call;
  /** The error that it rejects with; `undefined` if `call.state` is `succeeded`. */
  readonly error: unknown;
}

/** On `dual:broker:call:refuse`. */
export interface CallRefuseMessage extends Message {
  /** The method that was called. */
  readonly method: string;
  /** The error that it was refused with. */
  readonly error: unknown;
}

/** On `dual:broker:process:spawn` and `dual:broker:process:ready`. */
export interface ProcessMessage extends Message {
  /** Process id of the child. */
  readonly pid: number;
  /** Index of the process, from 0. */
  readonly index: number;
}

/** On `dual:broker:process:exit`. */
export interface ProcessExitMessage extends Message {
  /** How the process ended. */
  readonly exit: ProcessExit;
}

/** On `dual:broker:state`. */
export interface StateMessage extends Message {
  /** The new state. */
  readonly state: BrokerState;
  /** The state before it. */
  readonly previous: BrokerState;
}
