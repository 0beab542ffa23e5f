import { isThenable } from './thenable.js';

/** The iterator from which the chunks of a stream are taken. */
export interface ChunkSource {
  next(): IteratorResult<unknown, unknown> | PromiseLike<IteratorResult<unknown, unknown>>;
  /** Lets it clean up, because no further chunk is wanted. */
  return?(): unknown;
}

/** A streamable return value: a generator (sync or async), another iterator, a `ReadableStream` or a Node stream. */
export type Streamable =
  { [Symbol.asyncIterator](): ChunkSource } | { [Symbol.iterator](): Iterator<unknown>; next: unknown };

/** Not every iterable: an array, a Map or a string is a result. */
export function isStreamable(value: unknown): value is Streamable {
  if (typeof value !== 'object' || value === null) return false;
  if (typeof Reflect.get(value, Symbol.asyncIterator) === 'function') return true;
  return (
    typeof Reflect.get(value, 'next') === 'function' &&
    typeof Reflect.get(value, Symbol.iterator) === 'function'
  );
}

export function chunkSource(streamable: Streamable): ChunkSource {
  return Symbol.asyncIterator in streamable
    ? streamable[Symbol.asyncIterator]()
    : fromIterator(streamable[Symbol.iterator]());
}

/** Awaits a promise that the iterator yields, as `for await` does. */
function fromIterator(iterator: Iterator<unknown>): ChunkSource {
  return {
    next: () => {
      const step = iterator.next();
      if (step.done === true || !isThenable(step.value)) return step;
      return chunkOf(step.value);
    },
    return: () => iterator.return?.(),
  };
}

async function chunkOf(value: PromiseLike<unknown>): Promise<IteratorYieldResult<unknown>> {
  return { done: false, value: await value };
}
