import type { Call } from '../call/call.js';
import type { ProcessExit } from '../process/exit.js';
import type { BrokerState, BrokerStats } from './broker-events.js';

/**
 * What is published on each `node:diagnostics_channel` of the broker.
 *
 * The messages about a call are published synchronously: `queue` within `submit`, in the caller's async context;
 * `settle` before those who wait for the call go on. The same `call` is in all messages about it. What a
 * subscriber throws does not reach the broker: Node rethrows it as an uncaught exception.
 */
export interface DiagnosticsMessages {
  /** A call waits: it was accepted, or goes back to the queue since its process died. */
  'dual:broker:call:queue': CallQueueMessage;
  /** A process begins to run a call. */
  'dual:broker:call:start': CallStartMessage;
  /** A call has come to its end. */
  'dual:broker:call:settle': CallSettleMessage;
  /** A call was not taken. */
  'dual:broker:call:refuse': CallRefuseMessage;
  /** A child process exists. */
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
  readonly state: BrokerState;
  stats(): BrokerStats;
}

interface Message {
  readonly broker: ObservedBroker;
}

export interface CallQueueMessage extends Message {
  readonly call: Call;
  /** How often it has run before. */
  readonly attempt: number;
  /**
   * Gives the pipeline another `currentCall().traceparent` than the caller did.
   * @throws InvalidOptionError where it is none.
   */
  readonly setTraceparent: (traceparent: string) => void;
}

export interface CallStartMessage extends Message {
  readonly call: Call;
  /** How often it has run before. */
  readonly attempt: number;
}

export interface CallSettleMessage extends Message {
  readonly call: Call;
  /** Why it has no result; `undefined` where `call.state` is `succeeded`. */
  readonly error: unknown;
}

export interface CallRefuseMessage extends Message {
  readonly method: string;
  /** Why it was not taken. */
  readonly error: unknown;
}

export interface ProcessMessage extends Message {
  readonly pid: number;
  /** Which of the broker's processes, from 0. */
  readonly index: number;
}

export interface ProcessExitMessage extends Message {
  readonly exit: ProcessExit;
}

export interface StateMessage extends Message {
  readonly state: BrokerState;
  readonly previous: BrokerState;
}
