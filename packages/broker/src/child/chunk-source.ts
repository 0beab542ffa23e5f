import { isThenable } from './thenable.js';

/** What the chunks of a stream are taken from. */
export interface ChunkSource {
  next(): IteratorResult<unknown, unknown> | PromiseLike<IteratorResult<unknown, unknown>>;
  /** Lets it clean up: no further chunk is wanted. */
  return?(): unknown;
}

/** What a method returns that is to be streamed: a generator, sync or async, a `ReadableStream`, a Node stream. */
export type Streamable =
  { [Symbol.asyncIterator](): ChunkSource } | { [Symbol.iterator](): Iterator<unknown>; next: unknown };

/** Not any iterable: an array, a Map, a string are results as they are. */
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

/** As `for await` reads it: where a promise is yielded, its result is the chunk. */
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
