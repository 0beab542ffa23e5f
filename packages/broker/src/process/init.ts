import type { Payload } from '../channel/frame.js';
import { decodeInit, encodeInit } from '../channel/messages.js';
import { SerializationError } from '../errors.js';
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
    timeout,
    limits,
    sharedMemory,
    watch,
  } = options;
  const methods = Object.entries(batch).map(([name, { method }]) => [name, method] as const);
  const init = encodeInit({
    module,
    export: exportName,
    expose,
    args,
    keySeries,
    concurrency,
    batchMethods: Object.fromEntries(methods),
    maxMessageBytes,
    timeout,
    memoryLimit: limits.memory,
    sharedMemory,
    watch,
  });
  checkDecodable(init);
  return init;
}

/** Otherwise every process would fail to decode it. */
function checkDecodable(init: Payload): void {
  try {
    decodeInit(init);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SerializationError('args', `args could not be decoded in the other process: ${why}`, { cause });
  }
}
