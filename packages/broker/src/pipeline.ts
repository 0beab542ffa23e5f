/**
 * What a pipeline may import: the call that it is running.
 * @packageDocumentation
 */
export { type CurrentCall, currentCall } from './child/context.js';
