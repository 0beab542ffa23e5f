/**
 * The file descriptors that a child inherits in addition to the standard ones. Node marks them as close-on-exec, so that
 * processes that the pipeline starts do not hold them open.
 */

/**
 * Frames to the broker. They have a pipe of their own: if a pipe breaks during a write, its unread bytes are lost, and
 * those may be the result of a process that has just died.
 */
export const TO_BROKER_FD = 3;
/**
 * The lifeline. It closes when the broker's process ends. The child writes its pulse to it: each time 8 bytes, its
 * resident memory in bytes as a little-endian double. If that exceeds its limit, the number is negative, and the process
 * ends. The broker writes the ids of abandoned calls to it, each as a little-endian i32: a thread of the child reads them
 * even if the main thread blocks.
 */
export const LIFELINE_FD = 4;
/** Frames to the child. */
export const TO_CHILD_FD = 5;
/** Memory that both processes map; `/dev/null` if there is none. */
export const SHARED_MEMORY_FD = 6;

/** Length of the id of an abandoned call on the lifeline, in bytes. */
export const ABORT_ID_BYTES = 4;

/** Time between two checks of the memory limit, in ms. */
export const MEMORY_INTERVAL = 50;

/** Time between two pulses, in ms. */
export const PULSE_INTERVAL = 500;
