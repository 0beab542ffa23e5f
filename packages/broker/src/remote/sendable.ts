import type { Refused } from './refused.js';

/** Values that structured clone carries as they are. */
type Carried =
  | string
  | number
  | boolean
  | bigint
  | null
  | undefined
  | Date
  | RegExp
  | Error
  | ArrayBufferLike
  | ArrayBufferView;

type Callable = ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown);

/** The depth to which a type is checked, so that a recursive type (JSON, a tree) ends. */
type Less = [never, 0, 1, 2, 3, 4, 5, 6, 7];

/** `T`, with each part that cannot cross to another process replaced by a type that says why. */
type Checked<T, Depth extends number = 8> = [Depth] extends [never]
  ? T
  : unknown extends T // also true of `any`
    ? T
    : T extends Carried
      ? T
      : T extends symbol
        ? Refused<'a symbol cannot cross to another process'>
        : T extends Callable
          ? Refused<'a function cannot cross to another process, and a class instance would lose its methods'>
          : T extends PromiseLike<unknown>
            ? Refused<'a promise cannot cross to another process: await it first'>
            : T extends Map<infer K, infer V>
              ? Map<Checked<K, Less[Depth]>, Checked<V, Less[Depth]>>
              : T extends Set<infer V>
                ? Set<Checked<V, Less[Depth]>>
                : T extends ReadonlyMap<infer K, infer V>
                  ? ReadonlyMap<Checked<K, Less[Depth]>, Checked<V, Less[Depth]>>
                  : T extends ReadonlySet<infer V>
                    ? ReadonlySet<Checked<V, Less[Depth]>>
                    : { [K in keyof T]: Checked<T[K], Less[Depth]> };

/** `T` itself if all of it can cross to another process. */
type Sendable<T> = [T] extends [Checked<T>] ? T : Checked<T>;

/** The arguments `A` of a method, as its caller may give them. */
export type SendableArgs<A> = { [I in keyof A]: Sendable<A[I]> };
