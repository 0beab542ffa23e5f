/** A pipeline as the broker sees it before anything is known about it: methods of unknown arguments. */
export type UnknownPipeline = Record<string, (...args: unknown[]) => unknown>;

/** What a module exports of which no type is given. */
export type UnknownFactory = (...args: unknown[]) => UnknownPipeline;

/** What a pipeline module exports: a class, called with `new`, or a function; both may be asynchronous. */
export type PipelineFactory =
  (abstract new (...args: never[]) => object) | ((...args: never[]) => object | Promise<object>);

/** The pipeline that the export `C` makes. */
export type PipelineOf<C> = C extends abstract new (...args: never[]) => infer P
  ? Made<P>
  : C extends (...args: never[]) => infer P
    ? Made<P>
    : never;

/** Not `Awaited`: a pipeline may have a method of the name `then`. */
type Made<P> = P extends Promise<infer Q> ? Q : P;

/** The arguments that the export `C` is constructed with. */
export type FactoryArgs<C> = C extends abstract new (...args: infer A) => unknown
  ? A
  : C extends (...args: infer A) => unknown
    ? A
    : never;

/** A method that yields its results: callable by no `call`. */
type Generates<R> = R extends Iterator<unknown, unknown, never> | AsyncIterator<unknown, unknown, never>
  ? true
  : false;

type Callable<P, K extends keyof P> = P[K] extends (...args: never[]) => infer R
  ? Generates<R> extends true
    ? never
    : K
  : never;

/** Names of the methods of `P` that can be called from the other process. */
export type MethodName<P> = {
  [K in keyof P]-?: K extends 'then' | 'constructor' | `_${string}`
    ? never
    : K extends string
      ? Callable<P, K>
      : never;
}[keyof P];

/** The arguments of method `K`. */
export type MethodArgs<P, K extends MethodName<P>> = P[K] extends (...args: infer A) => unknown ? A : never;

/** What a call of method `K` resolves to. */
export type MethodResult<P, K extends MethodName<P>> = P[K] extends (...args: never[]) => infer R
  ? Awaited<R>
  : never;

/**
 * Names that the runtime, not the user, asks an object for: `await` looks for `then`, `JSON.stringify` for
 * `toJSON`, template strings for `toString`. On the proxy they are no calls; `broker.call` can make them.
 */
const ASKED_BY_THE_RUNTIME = ['then', 'constructor', 'toJSON', 'toString', 'valueOf'] as const;

/**
 * `P` seen from the other process: every method returns a promise of its awaited result. Of an overloaded
 * method the last signature counts; type parameters of a generic one become `unknown`.
 */
export type Remote<P> = {
  // `as` rather than a union of names, so that editors show the documentation of the pipeline's own methods.
  readonly [
    K in keyof P as K extends Exclude<MethodName<P>, (typeof ASKED_BY_THE_RUNTIME)[number]> ? K : never
  ]: P[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};

type Invoke = (method: string, args: unknown[]) => Promise<unknown>;

/** The typed proxy behind `broker.pipeline`: `proxy.predict(x)` is `invoke('predict', [x])`. */
export function remoteProxy<P>(invoke: Invoke): Remote<P> {
  const reserved = new Set<string>(ASKED_BY_THE_RUNTIME);
  const methods = new Map<string, (...args: unknown[]) => Promise<unknown>>();
  const target = Object.create(null) as Remote<P>;
  return new Proxy(target, {
    get(_target, name) {
      if (name === 'toString') return () => '[remote pipeline]';
      if (typeof name === 'symbol' || reserved.has(name)) return undefined;
      let method = methods.get(name);
      if (method === undefined) {
        method = (...args) => invoke(name, args);
        methods.set(name, method);
      }
      return method;
    },
    set: () => false,
    defineProperty: () => false,
  });
}
