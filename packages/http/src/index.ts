/**
 * HTTP handlers over a pipeline, with Node's own signature.
 * @packageDocumentation
 */
export {
  callOptions,
  type CallOptionsOptions,
  type RequestCallOptions,
} from './call-options/call-options.js';
export { ClientGone } from './problems/client-gone.js';
export { problem, type ProblemMapping } from './problems/from-error.js';
export { Problem, type ProblemDocument, type ProblemOptions } from './problems/problem.js';
export { sendError } from './problems/send-error.js';
export { STATUSES } from './problems/statuses.js';
export { compose, type Listener } from './routing/compose.js';
export type { Handler, Next } from './routing/handler.js';
