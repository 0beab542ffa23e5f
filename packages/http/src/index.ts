/**
 * HTTP handlers over a pipeline, with Node's own signature.
 * @packageDocumentation
 */
export type { EventStreamOptions } from './answer/event-stream.js';
export {
  callOptions,
  type CallOptionsOptions,
  type RequestCallOptions,
} from './call-options/call-options.js';
export type { AddressRules } from './download/addresses.js';
export { download, type Downloaded, type DownloadOptions } from './download/download.js';
export { health, type HealthOptions } from './health/health.js';
export {
  type AnyClient,
  type Readiness,
  readiness,
  type ReadinessState,
  type StallOptions,
} from './health/readiness.js';
export { answerTimeout } from './limits/answer-timeout.js';
export { type Limits, limits, type LimitsOptions, type Phase } from './limits/limits.js';
export { openInference, type OpenInferenceOptions } from './open-inference/open-inference.js';
export type { Datatype, Tensor, TensorData, Tensors, TensorSpec } from './open-inference/tensor.js';
export { ClientGone } from './problems/client-gone.js';
export { problem, type ProblemMapping } from './problems/from-error.js';
export { Problem, type ProblemDocument, type ProblemOptions } from './problems/problem.js';
export { sendError } from './problems/send-error.js';
export { STATUSES } from './problems/statuses.js';
export type { FieldNames, Input } from './receive/input.js';
export { receive, type Received, type ReceiveOptions } from './receive/receive.js';
export type { CallableClient } from './routing/callable-client.js';
export { compose, type Listener } from './routing/compose.js';
export type { Handler, Next } from './routing/handler.js';
export type { HandlerOptions } from './routing/router.js';
export { stream, type StreamOptions } from './stream/stream.js';
export type { TimeLimits } from './time/time-limits.js';
