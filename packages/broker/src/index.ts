/**
 * Runs a slow, blocking, stateful computation in a process of its own.
 * @packageDocumentation
 */
export { Broker, type OptionsArg } from './broker.js';
export type { Call, CallState } from './call.js';
export type { CloseOptions, PipelineClient } from './client.js';
export {
  BrokerClosedError,
  BrokerError,
  type BrokerErrorDetails,
  CallCancelledError,
  CallTimeoutError,
  DuplicateKeyError,
  InvalidOptionError,
  PipelineStartError,
  ProcessExitError,
  ProtocolError,
  QueueFullError,
  SerializationError,
  UnknownMethodError,
} from './errors.js';
export type { BrokerEvents, BrokerState } from './events.js';
export type {
  BrokerOptions,
  CallOptions,
  CommonOptions,
  KeepOptions,
  KillDelayOptions,
  OutputInfo,
  OutputOption,
  RestartOptions,
} from './options.js';
export type { ProcessExit } from './process/exit.js';
export type {
  FactoryArgs,
  MethodArgs,
  MethodName,
  MethodResult,
  PipelineFactory,
  PipelineOf,
  Remote,
  UnknownPipeline,
} from './remote.js';
