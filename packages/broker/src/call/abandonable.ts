import { onAbort } from './abort.js';
import { showingWhoAwaits } from './call-site.js';

/**
 * The promise's result, or the error that `reason` makes as soon as the signal is aborted; where it makes none,
 * the promise is about to settle and has the last word.
 */
export function abandonable<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  reason: () => Error | undefined,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const leave = (): void => {
      const error = reason();
      if (error !== undefined) resolve(showingWhoAwaits(error));
    };
    if (signal.aborted) leave();
    promise.then(resolve, reject).finally(onAbort(signal, leave));
  });
}
