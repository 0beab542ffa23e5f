/**
 * The descriptors that a child finds open beside its standard ones. Node marks all that it inherits as
 * close-on-exec, so that processes the pipeline starts do not hold them.
 */

/**
 * Frames to the broker. They have a pipe to themselves, since a pipe that breaks while it is being written to
 * takes along what was still to be read: the result of a process that has died.
 */
export const TO_BROKER_FD = 3;
/**
 * Its end is the end of the broker's process. The child writes its pulse to it: each time 8 bytes, its
 * resident memory in bytes as a little-endian double.
 */
export const LIFELINE_FD = 4;
/** Frames to the child. */
export const TO_CHILD_FD = 5;
/** Memory that both processes map; `/dev/null` where there is none. */
export const SHARED_MEMORY_FD = 6;

/** Time between two pulses, in ms. */
export const PULSE_INTERVAL = 500;
