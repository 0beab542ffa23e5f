import type { Payload } from '../channel/frame.js';
import { encodeInit } from '../channel/messages.js';
import type { ResolvedOptions } from '../options/resolve.js';

/** The first message to each process: what it is to construct. @throws SerializationError naming what cannot cross. */
export function initFor(module: string, options: ResolvedOptions): Payload {
  const {
    export: exportName,
    expose,
    args,
    keySeries,
    concurrency,
    batch,
    maxMessageBytes,
    sharedMemory,
  } = options;
  const methods = Object.entries(batch).map(([name, { method }]) => [name, method] as const);
  const batchMethods = Object.fromEntries(methods);
  return encodeInit({
    module,
    export: exportName,
    expose,
    args,
    keySeries,
    concurrency,
    batchMethods,
    maxMessageBytes,
    sharedMemory,
  });
}
