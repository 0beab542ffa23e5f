/**
 * Runs a slow, blocking, stateful computation in a process of its own.
 * @packageDocumentation
 */
export { Broker } from './broker.js';
export type { Call, CallState } from './call/call.js';
export type { CallProgress } from './call/progress.js';
export type { SharedMemoryStats } from './channel/shared/broker-memory.js';
export type { CloseOptions, PipelineClient } from './client.js';
export {
  BatchResultError,
  BrokerClosedError,
  BrokerError,
  type BrokerErrorCode,
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
export type { BatchStats } from './observe/batch-meter.js';
export type {
  BrokerEvents,
  BrokerState,
  BrokerStats,
  ClientEvents,
  ClientStats,
} from './observe/broker-events.js';
export type { CallStats } from './observe/call-meter.js';
export type {
  CallQueueMessage,
  CallRefuseMessage,
  CallSettleMessage,
  CallStartMessage,
  DiagnosticsMessages,
  ObservedBroker,
  ProcessExitMessage,
  ProcessMessage,
  StateMessage,
} from './observe/diagnostics-messages.js';
export type { DurationSummary } from './observe/durations.js';
export type {
  BatchesOf,
  BatchOptions,
  BrokerOptions,
  CallOptions,
  CommonOptions,
  Environment,
  KeepOptions,
  KillDelayOptions,
  LimitOptions,
  OptionsArg,
  OutputInfo,
  OutputOption,
  ProcessRange,
  RecycleOptions,
  RestartOptions,
  SharedMemoryOptions,
} from './options/options.js';
export type { ProcessExit } from './process/exit.js';
export type { ProcessState, ProcessStats } from './process/process-stats.js';
export type {
  BatchMethodName,
  FactoryArgs,
  MethodArgs,
  MethodName,
  MethodResult,
  PipelineFactory,
  PipelineOf,
  Remote,
  StreamChunk,
  StreamName,
  UnknownFactory,
  UnknownPipeline,
} from './remote/remote.js';
