import type { Refused } from './refused.js';
import type { SendableArgs } from './sendable.js';

/** A pipeline of unknown type: methods with unknown arguments and results. */
export type UnknownPipeline = Record<string, (...args: unknown[]) => unknown>;

/** The export of a module of unknown type. */
export type UnknownFactory = (...args: unknown[]) => UnknownPipeline;

/**
 * The export that makes a pipeline: a class, called with `new`, or a function. Both may be asynchronous. The name is part of
 * the compiler's error for `Broker<Pipeline>`, which must be `Broker<typeof Pipeline>`.
 */
export type TypeofClassOrFunction =
  (abstract new (...args: never[]) => object) | ((...args: never[]) => object | Promise<object>);

/** The same, for programs that name the type. */
export type PipelineFactory = TypeofClassOrFunction;

/** The pipeline that the export `C` makes. */
export type PipelineOf<C> = C extends abstract new (...args: never[]) => infer P
  ? Made<P>
  : C extends (...args: never[]) => infer P
    ? Made<P>
    : never;

/** Not `Awaited`, because a pipeline may have a method `then`. */
type Made<P> = P extends Promise<infer Q> ? Q : P;

/** The arguments of the export `C`. */
export type FactoryArgs<C> = C extends abstract new (...args: infer A) => unknown
  ? SendableArgs<A>
  : C extends (...args: infer A) => unknown
    ? SendableArgs<A>
    : never;

/** Return types of methods that yield: generators (sync or async), iterators, `ReadableStream`s, Node streams. */
type Yields<T> = AsyncIterable<T> | IterableIterator<T>;

/** A `ReadableStream`. The one of TypeScript's library `dom` is iterable only together with `dom.asynciterable`. */
interface WebStream<Reader> {
  readonly locked: boolean;
  getReader(): Reader;
}

/** Whether a method that returns `R` returns its result or yields results. */
type Way<R> = [R] extends [never]
  ? 'returns'
  : unknown extends R
    ? 'unknown'
    : Awaited<R> extends Yields<unknown> | WebStream<unknown>
      ? 'yields'
      : 'returns';

/** The ways of methods that can be called by `call` (and `submit`), and by `stream`. */
interface WaysOf {
  call: 'returns' | 'unknown';
  stream: 'yields' | 'unknown';
}

/**
 * The names of the callable methods of `P`. A mapped type, and not an alias with a parameter: the compiler's error for a
 * wrong name then lists the names, instead of the name of the alias.
 */
type Names<P> = {
  [By in keyof WaysOf]: {
    [K in keyof P]-?: K extends 'then' | 'constructor' | `_${string}`
      ? never
      : K extends string
        ? P[K] extends (...args: never[]) => infer R
          ? Way<R> extends WaysOf[By]
            ? K
            : never
          : never
        : never;
  }[keyof P];
};

/** Names of the methods of `P` that return their result: for `call` and `submit`. */
export type MethodName<P> = Names<P>['call'];

/** Names of the methods of `P` that yield results: for `stream`. */
export type StreamName<P> = Names<P>['stream'];

/** The arguments of method `K`. An argument that cannot cross to another process has a type that says why. */
export type MethodArgs<P, K extends MethodName<P> | StreamName<P>> = SendableArgs<Parameter<P[K]>>;

type Parameter<M> = M extends (...args: infer A) => unknown ? A : never;

/** The value that a call of method `K` resolves to. */
export type MethodResult<P, K extends MethodName<P>> = P[K] extends (...args: never[]) => infer R
  ? Awaited<R>
  : never;

/** The chunks of a stream of method `K`. */
export type StreamChunk<P, K extends StreamName<P>> = P[K] extends (...args: never[]) => infer R
  ? Chunk<R>
  : never;

type Chunk<R> = unknown extends R
  ? unknown
  : Awaited<R> extends Yields<infer T>
    ? Awaited<T>
    : Awaited<R> extends WebStream<infer Reader>
      ? ReadBy<Reader>
      : never;

/** The chunks that a reader gives. A reader of bytes, which a stream may have too, needs a buffer, and drops out here. */
type ReadBy<Reader> = Reader extends { read(): Promise<infer Result> }
  ? Result extends { readonly done: false; readonly value: infer T }
    ? Awaited<T>
    : never
  : never;

/**
 * Names of the methods of `P` that can run calls of method `K` as a batch: they take an array of its one argument, and
 * return an array of its results or errors.
 */
export type BatchMethodName<P, K extends MethodName<P>> =
  Required<Parameter<P[K]>> extends readonly [infer A]
    ? {
        [M in MethodName<P>]: P[M] extends (items: A[]) => infer R
          ? [Awaited<R>] extends [never]
            ? never
            : Awaited<R> extends readonly (MethodResult<P, K> | Error)[]
              ? M
              : never
          : never;
      }[MethodName<P>]
    : // The methods of an unknown pipeline may all be suitable.
      unknown[] extends Parameter<P[K]>
      ? MethodName<P>
      : never;

/** Why the calls of method `K` cannot make batches. */
export type CannotBatch<P, K extends MethodName<P>> =
  Required<Parameter<P[K]>> extends readonly [unknown]
    ? Refused<'no method takes an array of its argument and returns an array of its results'>
    : Refused<'only calls of a method with exactly one parameter can make batches'>;

/**
 * Names that the language runtime asks an object for: `await` looks for `then`, `JSON.stringify` for `toJSON`, a template
 * string for `toString`. The proxy has no methods of these names. `broker.call` can call them.
 */
export const ASKED_BY_THE_RUNTIME = ['then', 'constructor', 'toJSON', 'toString', 'valueOf'] as const;

/** The return type in this process of a method that returns `R` in the other. */
type RemoteResult<R> = {
  returns: Promise<Awaited<R>>;
  yields: AsyncIterable<Chunk<R>>;
  unknown: Promise<unknown> & AsyncIterable<unknown>;
}[Way<R>];

/**
 * `P` seen from the other process. Every method returns a promise of its awaited result, or an async iterable if it yields.
 * If a method is overloaded, only its last signature is known. Type parameters of a generic method become `unknown`.
 */
export type Remote<P> = string extends keyof P ? UnknownRemote : KnownRemote<P>;

type KnownRemote<P> = {
  // `as` instead of a union of names, so that editors show the documentation of the pipeline's own methods.
  readonly [
    K in keyof P as K extends Exclude<MethodName<P> | StreamName<P>, (typeof ASKED_BY_THE_RUNTIME)[number]>
      ? K
      : never
  ]: P[K] extends (...args: infer A) => infer R ? (...args: SendableArgs<A>) => RemoteResult<R> : never;
};

/** Under `noUncheckedIndexedAccess` a method of any other type would be possibly undefined, and could not be called. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
type UnknownRemote = Readonly<Record<string, any>>;
