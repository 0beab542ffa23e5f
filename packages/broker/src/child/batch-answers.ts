import { types } from 'node:util';

import type { Frame } from '../channel/frame.js';
import { failureFrame, resultFrame, thrownFrame } from './answer.js';

/** The answers to the calls of a batch, of what the method that ran it returned. */
export function batchFrames(
  method: string,
  calls: readonly { readonly id: number }[],
  results: unknown,
  maxMessageBytes: number,
): Frame[] {
  if (Array.isArray(results) && results.length === calls.length) {
    return calls.map(({ id }, i) => {
      const result: unknown = results[i];
      return isError(result)
        ? thrownFrame(id, result, maxMessageBytes)
        : resultFrame(id, result, maxMessageBytes);
    });
  }
  const what = Array.isArray(results) ? `an array of ${results.length}` : describeKind(results);
  const message = `${method} must return an array with a result for each of its ${calls.length} calls, not ${what}`;
  return calls.map(({ id }) => failureFrame(id, { kind: 'batch-result', message }));
}

function isError(value: unknown): boolean {
  return types.isNativeError(value) || value instanceof Error;
}

function describeKind(value: unknown): string {
  return value === null || value === undefined ? String(value) : `a value of type ${typeof value}`;
}
