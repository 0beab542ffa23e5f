/**
 * What a pipeline may import: the call that it is running.
 * @packageDocumentation
 */
export { currentCall, type CurrentCall } from './child/context.js';
