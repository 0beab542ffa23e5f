/** One object of each kind that comes and goes with every call. */
const examples: object[] = [];

/**
 * Keeps an object, so that V8 keeps what it knows of its kind. It forgets the shapes of objects, and drops the code
 * that it has compiled for them, where a full collection comes while there is none, as between two calls. Where
 * buffers are large, such collections come every few calls.
 */
export function keepOne(example: object): void {
  examples.push(example);
}
