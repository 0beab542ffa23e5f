/**
 * The descriptors that a child finds open beside its standard ones. Node marks all that it inherits as
 * close-on-exec, so that processes the pipeline starts do not hold them.
 */

/** The channel: frames in both directions. */
export const CHANNEL_FD = 3;
/** Nothing is ever written to it: its end is the end of the broker's process. */
export const LIFELINE_FD = 4;
