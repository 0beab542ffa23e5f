import { BrokerClosedError, type BrokerErrorDetails, InvalidOptionError } from './errors.js';

export function closedError(why?: string, details?: BrokerErrorDetails): BrokerClosedError {
  return new BrokerClosedError(
    why === undefined ? 'the broker is closed' : `the broker is closed: ${why}`,
    details,
  );
}

/** @throws InvalidOptionError where a call is not given as a name and an array. */
export function checkCall(method: unknown, args: unknown): void {
  if (typeof method !== 'string') {
    throw new InvalidOptionError('method', `the method must be given by its name, not as ${typeof method}`);
  }
  if (!Array.isArray(args))
    throw new InvalidOptionError('args', `the arguments of ${method} must be given as an array`);
}

/** @throws InvalidOptionError where a call that is to be part of a batch has more arguments than one. */
export function checkBatched(
  method: string,
  args: readonly unknown[],
  batch: Readonly<Record<string, unknown>>,
): void {
  if (args.length <= 1 || !Object.hasOwn(batch, method)) return;
  throw new InvalidOptionError('args', `a call of ${method} has one argument, since its calls make batches`);
}
