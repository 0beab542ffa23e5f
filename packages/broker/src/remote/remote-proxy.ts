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

/**
 * Names that frameworks ask any object for, and call if they find a function: the lifecycle hooks of NestJS, and the marks of
 * matchers and of page frameworks. As long as the methods are not known, the proxy has none of these names.
 */
const PROBED: ReadonlySet<string> = new Set([
  'onModuleInit',
  'onModuleDestroy',
  'onApplicationBootstrap',
  'onApplicationShutdown',
  'beforeApplicationShutdown',
  'asymmetricMatch',
  'nodeType',
  'tagName',
  '$$typeof',
  '@@__IMMUTABLE_ITERABLE__@@',
  '@@__IMMUTABLE_RECORD__@@',
  '__esModule',
  'default',
  'inspect',
  'length',
]);

const RESERVED: ReadonlySet<string> = new Set(ASKED_BY_THE_RUNTIME);

/**
 * The typed proxy behind `broker.pipeline`: `proxy.predict(x)` calls `predict` with `[x]`.
 * @param known The names of the pipeline's methods; `undefined` as long as they are not known. Other names are then undefined.
 */
export function remoteProxy<P>(invoker: Invoker, known: () => ReadonlySet<string> | undefined): Remote<P> {
  const methods = new Map<string, (...args: unknown[]) => Promise<unknown>>();
  const target = Object.create(null) as Remote<P> & object;

  function isMethod(name: string): boolean {
    return !RESERVED.has(name) && (known()?.has(name) ?? !PROBED.has(name));
  }

  function methodOf(name: string): (...args: unknown[]) => Promise<unknown> {
    let method = methods.get(name);
    if (method === undefined) {
      method = (...args) => callOrStream(invoker, name, args);
      methods.set(name, method);
    }
    return method;
  }

  return new Proxy(target, {
    get(_target, name) {
      if (typeof name === 'symbol') return undefined;
      if (isMethod(name)) return methodOf(name);
      return name === 'toString' ? () => '[remote pipeline]' : undefined;
    },
    has: (_target, name) => typeof name === 'string' && known()?.has(name) === true && isMethod(name),
    ownKeys: () => [...(known() ?? [])].filter(isMethod),
    getOwnPropertyDescriptor(_target, name) {
      if (typeof name !== 'string' || known()?.has(name) !== true || !isMethod(name)) return undefined;
      return { value: methodOf(name), enumerable: true, configurable: true, writable: false };
    },
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
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
