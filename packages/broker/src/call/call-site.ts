import { BrokerError } from '../errors.js';

/** Where in the caller's program a call was made, or is awaited; formatted only when it is needed. */
export interface CallSite {
  readonly stack?: unknown;
  /** How many frames at its top are the broker's own. */
  readonly skip: number;
}

/** Errors that show a call site already: those who share a call share its error. */
const explained = new WeakSet<Error>();

/**
 * Remembers who called, or, where nobody did, which functions await the one that runs. Takes microseconds.
 * @param skip How many frames stand between the user's and this call.
 */
export function captureCallSite(skip: number): CallSite {
  const site: CallSite = { skip };
  Error.captureStackTrace(site, captureCallSite);
  return site;
}

/**
 * Shows in an error's stack where the call was made that it answers. Never throws, whatever the error is and
 * however the program has stacks prepared: the error matters more.
 */
export function withCallSite<E>(error: E, site: CallSite): E {
  if (!(error instanceof Error) || explained.has(error)) return error;
  explained.add(error);
  try {
    const stack = joinStacks(error, site);
    Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true });
  } catch {
    // The stack stays as it is.
  }
  return error;
}

/**
 * Rejects with the error, whose stack shows then which functions await the promise that is resolved with this one. So
 * nobody needs to note where each call is made, which would cost more than all else that is done for it.
 */
export async function showingWhoAwaits(error: unknown): Promise<never> {
  // Once for the promise that is resolved with this one to follow it, and once for those who await that to show.
  await Promise.resolve();
  await Promise.resolve();
  throw withCallSite(error, captureCallSite(1));
}

function joinStacks(error: Error, site: CallSite): string {
  const caller = frames(site.stack).split('\n').slice(site.skip).join('\n');
  const inner = frames(error.stack);
  const header =
    error.stack?.slice(0, error.stack.length - inner.length) ?? `${error.name}: ${error.message}`;
  // The frames of a broker's error are those of its event handlers, and tell nobody anything.
  const own = error instanceof BrokerError ? '' : `${inner}    --- called from another process: ---\n`;
  return `${header.trimEnd()}\n${own}${caller}`.trimEnd();
}

/** The lines of a stack that name functions, each ended by a newline. */
function frames(stack: unknown): string {
  // `Error.prepareStackTrace` may have made anything of it.
  if (typeof stack !== 'string') return '';
  const first = stack.search(/^ {4}at /m);
  return first === -1 ? '' : `${stack.slice(first).trimEnd()}\n`;
}
