import type { CallOptions } from '@dual/broker';

import type { CallPlan } from './plan.js';

/** The method of the pipeline that a call names, and what it passes. */
export interface Invocation {
  readonly method: string;
  readonly args: readonly unknown[];
}

export function invocationOf(plan: CallPlan): Invocation {
  const { id, kind, act, ms, sendBytes, returnBytes, deaths, reports, reader } = plan;
  const spec = { id, act, ms, returnBytes, deaths, reports, chunks: reader?.chunks };
  const payload = payloadOf(id, sendBytes);
  switch (kind) {
    case 'plain':
      return { method: 'run', args: [spec, payload] };
    case 'batched':
      return { method: 'one', args: [{ spec, payload }] };
    case 'streamed':
      return { method: 'chunks', args: [spec, payload] };
  }
}

export function optionsOf(
  { priority, retries, affinity, timeout, queueTimeout, reports }: CallPlan,
  own: Pick<CallOptions, 'key' | 'signal' | 'onProgress'>,
): CallOptions {
  const { key, signal, onProgress } = own;
  return {
    priority,
    retries,
    ...(affinity !== undefined && { affinity }),
    ...(key !== undefined && { key }),
    ...(timeout !== undefined && { timeout }),
    ...(queueTimeout !== undefined && { queueTimeout }),
    ...(signal !== undefined && { signal }),
    ...(reports > 0 && onProgress !== undefined && { onProgress }),
  };
}

/** A pattern of bytes that identifies the call. `pipeline.mjs` fills its results in the same way. */
export function payloadOf(id: number, length: number): Uint8Array {
  return Buffer.alloc(length, `${id};`);
}
