import type { Payload } from '../channel/frame.js';
import { encodeInit } from '../channel/messages.js';
import type { ResolvedOptions } from '../options/resolve.js';

/**
 * The first message to each process: the pipeline that it constructs.
 * @throws {SerializationError} Names the argument that cannot cross.
 */
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
    watch,
  } = options;
  const methods = Object.entries(batch).map(([name, { method }]) => [name, method] as const);
  return encodeInit({
    module,
    export: exportName,
    expose,
    args,
    keySeries,
    concurrency,
    batchMethods: Object.fromEntries(methods),
    maxMessageBytes,
    sharedMemory,
    watch,
  });
}
