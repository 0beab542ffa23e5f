import { BrokerError } from '../errors.js';

/** A place in the caller's program, as a stack that V8 formats only when it is read. */
export interface CallSite {
  readonly stack?: unknown;
  /** Number of the broker's own frames at its top. */
  readonly skip: number;
}

/** Errors that show a call site already: callers who share a call share its error. */
const explained = new WeakSet<Error>();

/**
 * Captures the stack of the caller. If nothing called (in a microtask), the stack shows the functions that await the
 * running one. Takes microseconds.
 * @param skip Number of frames between the user's code and this call.
 */
export function captureCallSite(skip: number): CallSite {
  const site: CallSite = { skip };
  Error.captureStackTrace(site, captureCallSite);
  return site;
}

/**
 * Adds the place of the call to the stack of its error. Never throws, whatever the error is and whatever the program
 * has made of `Error.prepareStackTrace`: the error matters more than its stack.
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

/** If `run` throws, the stack of its error shows the place of the call. */
export function atCallSite<T>(site: CallSite, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw withCallSite(error, site);
  }
}

/**
 * Rejects with the error. Its stack then shows the functions that await the promise that is resolved with this one. So
 * a call need not capture its own place: that would cost more than the rest of the parent's work for it.
 * @param whenShown Called before it rejects. Until then no other function may wait for the outer promise: V8 would not know
 * which one to follow.
 */
export async function showingWhoAwaits(error: unknown, whenShown?: () => void): Promise<never> {
  // One turn for the outer promise to follow this one, and one for V8 to link the functions that await it.
  await Promise.resolve();
  await Promise.resolve();
  const site = captureCallSite(1);
  whenShown?.();
  throw withCallSite(error, site);
}

function joinStacks(error: Error, site: CallSite): string {
  const lines = frames(site.stack).split('\n').slice(site.skip);
  // Node's functions that run timers and microtasks stand between the broker and the functions that await it.
  while (lines[0]?.includes('(node:internal/') === true) lines.shift();
  const caller = lines.join('\n');
  const inner = frames(error.stack);
  const header =
    error.stack?.slice(0, error.stack.length - inner.length) ?? `${error.name}: ${error.message}`;
  // The frames of a broker's own error show its event handlers, and help nobody.
  const own = error instanceof BrokerError ? '' : `${inner}    --- called from here: ---\n`;
  return `${header.trimEnd()}\n${own}${caller}`.trimEnd();
}

/** The lines of a stack that name functions. Each ends with a newline. */
function frames(stack: unknown): string {
  // `Error.prepareStackTrace` may have made anything of it.
  if (typeof stack !== 'string') return '';
  const first = stack.search(/^ {4}at /m);
  return first === -1 ? '' : `${stack.slice(first).trimEnd()}\n`;
}
