import { ASKED_BY_THE_RUNTIME, type Remote } from './remote.js';

/** Makes the calls of a proxy. */
export interface Invoker {
  /** Calls a method that returns its result. */
  call(method: string, args: readonly unknown[]): ProxiedCall;
  /** Reads a method that yields. Makes no call before the first chunk is asked for. */
  stream(method: string, args: readonly unknown[]): AsyncIterable<unknown>;
}

/** A call whose caller may iterate it instead of awaiting its result. */
export interface ProxiedCall {
  readonly result: Promise<unknown>;
  /** Takes the call back. */
  cancel(): boolean;
}

/** The typed proxy behind `broker.pipeline`: `proxy.predict(x)` calls `predict` with `[x]`. */
export function remoteProxy<P>(invoker: Invoker): Remote<P> {
  const reserved = new Set<string>(ASKED_BY_THE_RUNTIME);
  const methods = new Map<string, (...args: unknown[]) => Promise<unknown>>();
  const target = Object.create(null) as Remote<P> & object;
  return new Proxy(target, {
    get(_target, name) {
      if (typeof name === 'symbol') return undefined;
      const known = methods.get(name);
      if (known !== undefined) return known;
      if (name === 'toString') return () => '[remote pipeline]';
      if (reserved.has(name)) return undefined;
      const method = (...args: unknown[]): Promise<unknown> => callOrStream(invoker, name, args);
      methods.set(name, method);
      return method;
    },
    set: () => false,
    defineProperty: () => false,
  });
}

/**
 * Only the types know whether a method yields, and they are gone at run time. So the method is called as one that returns
 * its result. If the caller iterates the promise, the call is taken back before it could start, and the stream is read.
 */
function callOrStream(invoker: Invoker, method: string, args: readonly unknown[]): Promise<unknown> {
  const call = invoker.call(method, args);
  const result: Promise<unknown> & Partial<AsyncIterable<unknown>> = call.result;
  let stream: AsyncIterable<unknown> | undefined;
  const read = (): AsyncIterator<unknown> => {
    if (stream === undefined) {
      call.cancel();
      result.catch(() => undefined);
      stream = invoker.stream(method, args);
    }
    return stream[Symbol.asyncIterator]();
  };
  result[Symbol.asyncIterator] = read;
  return result;
}
