import { BrokerError } from './errors.js';

/** Where in the caller's program a call was made; formatted only when it is needed. */
export interface CallSite {
  readonly stack?: string;
  /** How many frames at its top are the broker's own. */
  readonly skip: number;
}

/** Remembers who called. @param skip How many frames stand between the user's and this call. */
export function captureCallSite(skip: number): CallSite {
  const site: CallSite = { skip };
  Error.captureStackTrace(site, captureCallSite);
  return site;
}

/** Shows in an error's stack where the call was made that it answers. */
export function withCallSite<E>(error: E, site: CallSite): E {
  if (!(error instanceof Error)) return error;
  const caller = frames(site.stack).split('\n').slice(site.skip).join('\n');
  // The frames of a broker's error are those of its event handlers, and tell nobody anything.
  const own =
    error instanceof BrokerError ? '' : `${frames(error.stack)}    --- called from another process: ---\n`;
  const header =
    error.stack?.slice(0, error.stack.length - frames(error.stack).length) ??
    `${error.name}: ${error.message}\n`;
  const stack = `${header.trimEnd()}\n${own}${caller}`.trimEnd();
  Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true });
  return error;
}

/** The lines of a stack that name functions, each ended by a newline. */
function frames(stack: string | undefined): string {
  const first = stack?.search(/^ {4}at /m) ?? -1;
  return stack === undefined || first === -1 ? '' : `${stack.slice(first).trimEnd()}\n`;
}
