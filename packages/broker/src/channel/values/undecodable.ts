import { ProtocolError } from '../../errors.js';

/**
 * A value that could be encoded cannot be decoded here: it is nested too deep for this stack, or is of a kind that only one
 * of the two processes knows. The bytes are the value's own, so only this value is lost.
 */
export class UndecodableError extends ProtocolError {}
