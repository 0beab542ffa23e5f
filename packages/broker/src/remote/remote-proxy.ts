import { ASKED_BY_THE_RUNTIME, type Remote } from './remote.js';

/** How methods are called. */
export interface Invoker {
  /** Calls a method that returns its result. */
  call(method: string, args: readonly unknown[]): ProxiedCall;
  /** Reads a method that yields; makes no call before the first chunk is asked for. */
  stream(method: string, args: readonly unknown[]): AsyncIterable<unknown>;
}

/** A call whose caller may turn out to want a stream. */
export interface ProxiedCall {
  readonly result: Promise<unknown>;
  /** Takes the call back. */
  cancel(): boolean;
}

/** The typed proxy behind `broker.pipeline`: `proxy.predict(x)` calls `predict` with `[x]`. */
export function remoteProxy<P>(invoker: Invoker): Remote<P> {
  const reserved = new Set<string>(ASKED_BY_THE_RUNTIME);
  const methods = new Map<string, (...args: unknown[]) => Promise<unknown>>();
  const target = Object.create(null) as Remote<P>;
  return new Proxy(target, {
    get(_target, name) {
      if (name === 'toString') return () => '[remote pipeline]';
      if (typeof name === 'symbol' || reserved.has(name)) return undefined;
      let method = methods.get(name);
      if (method === undefined) {
        method = (...args) => callOrStream(invoker, name, args);
        methods.set(name, method);
      }
      return method;
    },
    set: () => false,
    defineProperty: () => false,
  });
}

/**
 * Only types know here whether a method yields, and they are gone. So it is called, as a method that returns its
 * result; who iterates what comes back takes that call back, before it could start, and reads the stream.
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
  // Bound: a promise that has a closure for a property is not collected with what is young, nor is its result.
  result[Symbol.asyncIterator] = read.bind(undefined);
  return result;
}
