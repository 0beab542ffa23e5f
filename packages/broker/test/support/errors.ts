/**
 * Returns the reason with which the promise rejects, or the value that the function throws.
 * @throws {Error} When the attempt succeeds.
 */
export async function caught(attempt: Promise<unknown> | (() => unknown)): Promise<unknown> {
  let result: unknown;
  try {
    result = await (typeof attempt === 'function' ? attempt() : attempt);
  } catch (error) {
    return error;
  }
  throw new Error(`nothing was thrown; the result was ${String(result).slice(0, 200)}`);
}

/**
 * Returns the error with which the promise rejects, or that the function throws.
 * @throws {TypeError} When the thrown value is no error.
 */
export async function caughtError(
  attempt: Promise<unknown> | (() => unknown),
): Promise<Error & Readonly<Record<string, unknown>>> {
  const error = await caught(attempt);
  if (isError(error)) return error;
  throw new TypeError(`the thrown value is no error: ${String(error)}`);
}

function isError(value: unknown): value is Error & Readonly<Record<string, unknown>> {
  // `instanceof` fails for errors of another realm, and Jest runs each test file in its own realm.
  return typeof value === 'object' && value !== null && 'message' in value && 'stack' in value;
}
