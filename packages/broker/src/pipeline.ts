/**
 * For pipelines: access to the call that is running.
 * @packageDocumentation
 */
export { type CurrentCall, currentCall } from './child/context.js';
