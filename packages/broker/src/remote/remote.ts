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

/** What methods yield: generators, sync or async, iterators, `ReadableStream`s, Node's streams. */
type Yields<T> = AsyncIterable<T> | IterableIterator<T>;

/** Whether a method that returns `R` returns its result, or yields results, or nobody knows. */
type Way<R> = [R] extends [never]
  ? 'returns'
  : unknown extends R
    ? 'unknown'
    : Awaited<R> extends Yields<unknown>
      ? 'yields'
      : 'returns';

/** Names of the methods of `P` that can be called from the other process, in one of these ways. */
type NameOf<P, W> = {
  [K in keyof P]-?: K extends 'then' | 'constructor' | `_${string}`
    ? never
    : K extends string
      ? P[K] extends (...args: never[]) => infer R
        ? Way<R> extends W
          ? K
          : never
        : never
      : never;
}[keyof P];

/** Names of the methods of `P` that return their result: for `call` and `submit`. */
export type MethodName<P> = NameOf<P, 'returns' | 'unknown'>;

/** Names of the methods of `P` that yield results: for `stream`. */
export type StreamName<P> = NameOf<P, 'yields' | 'unknown'>;

/** The arguments of method `K`. */
export type MethodArgs<P, K extends MethodName<P> | StreamName<P>> = P[K] extends (
  ...args: infer A
) => unknown
  ? A
  : never;

/** What a call of method `K` resolves to. */
export type MethodResult<P, K extends MethodName<P>> = P[K] extends (...args: never[]) => infer R
  ? Awaited<R>
  : never;

/** What a stream of method `K` gives. */
export type StreamChunk<P, K extends StreamName<P>> = P[K] extends (...args: never[]) => infer R
  ? Chunk<R>
  : never;

type Chunk<R> = unknown extends R ? unknown : Awaited<R> extends Yields<infer T> ? Awaited<T> : never;

/**
 * Names of the methods of `P` that can run calls of method `K` as a batch: they take an array of its one argument, and
 * return an array of its results or errors.
 */
export type BatchMethodName<P, K extends MethodName<P>> =
  Required<MethodArgs<P, K>> extends readonly [infer A]
    ? {
        [M in MethodName<P>]: P[M] extends (items: A[]) => infer R
          ? [Awaited<R>] extends [never]
            ? never
            : Awaited<R> extends readonly (MethodResult<P, K> | Error)[]
              ? M
              : never
          : never;
      }[MethodName<P>]
    : // Of a pipeline whose methods are not known, any may do.
      unknown[] extends MethodArgs<P, K>
      ? MethodName<P>
      : never;

/**
 * Names that the runtime, not the user, asks an object for: `await` looks for `then`, `JSON.stringify` for
 * `toJSON`, template strings for `toString`. On the proxy they are no calls; `broker.call` can make them.
 */
export const ASKED_BY_THE_RUNTIME = ['then', 'constructor', 'toJSON', 'toString', 'valueOf'] as const;

/** What a method that returns `R` returns from the other process. */
type RemoteResult<R> = {
  returns: Promise<Awaited<R>>;
  yields: AsyncIterable<Chunk<R>>;
  unknown: Promise<unknown> & AsyncIterable<unknown>;
}[Way<R>];

/**
 * `P` seen from the other process: every method returns a promise of its awaited result, or an async iterable where it
 * yields. Of an overloaded method the last signature counts; type parameters of a generic one become `unknown`.
 */
export type Remote<P> = {
  // `as` rather than a union of names, so that editors show the documentation of the pipeline's own methods.
  readonly [
    K in keyof P as K extends Exclude<MethodName<P> | StreamName<P>, (typeof ASKED_BY_THE_RUNTIME)[number]>
      ? K
      : never
  ]: P[K] extends (...args: infer A) => infer R ? (...args: A) => RemoteResult<R> : never;
};
