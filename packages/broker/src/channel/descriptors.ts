/**
 * The descriptors that a child finds open beside its standard ones. Node marks all that it inherits as
 * close-on-exec, so that processes the pipeline starts do not hold them.
 */

/** The channel: frames in both directions. */
export const CHANNEL_FD = 3;
/**
 * Its end is the end of the broker's process. The child writes its pulse to it: each time 8 bytes, its
 * resident memory in bytes as a little-endian double.
 */
export const LIFELINE_FD = 4;

/** Time between two pulses, in ms. */
export const PULSE_INTERVAL = 500;
