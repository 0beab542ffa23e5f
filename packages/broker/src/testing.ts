/**
 * For unit tests: a pipeline without a second process.
 * @packageDocumentation
 */
export { type InProcess, inProcess, type InProcessOptions } from './testing/in-process.js';
