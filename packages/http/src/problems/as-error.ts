/** Makes an error of anything that was thrown. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error('Something that is no Error was thrown', { cause: thrown });
}
