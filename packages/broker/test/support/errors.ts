/** What the promise rejects with, or the function throws; an error of its own where all goes well. */
export async function caught(attempt: Promise<unknown> | (() => unknown)): Promise<unknown> {
  let result: unknown;
  try {
    result = await (typeof attempt === 'function' ? attempt() : attempt);
  } catch (error) {
    return error;
  }
  throw new Error(`nothing was thrown; the result was ${String(result)}`);
}

/** The same where it has to be an error. */
export async function caughtError(
  attempt: Promise<unknown> | (() => unknown),
): Promise<Error & Readonly<Record<string, unknown>>> {
  const error = await caught(attempt);
  if (isError(error)) return error;
  throw new TypeError(`what was thrown is no error: ${String(error)}`);
}

function isError(value: unknown): value is Error & Readonly<Record<string, unknown>> {
  // Not `instanceof`: Jest's tests live in a realm of their own.
  return typeof value === 'object' && value !== null && 'message' in value && 'stack' in value;
}
