import type { Pipeline } from './load.js';

/** Lets a pipeline clean up: `[Symbol.asyncDispose]()`, else `[Symbol.dispose]()`, else `close()`. */
export async function dispose(pipeline: Pipeline): Promise<void> {
  for (const name of [Symbol.asyncDispose, Symbol.dispose, 'close']) {
    const method: unknown = Reflect.get(pipeline, name);
    if (typeof method !== 'function') continue;
    await Reflect.apply(method, pipeline, []);
    return;
  }
}
