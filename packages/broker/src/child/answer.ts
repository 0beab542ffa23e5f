import { types } from 'node:util';

import { type Frame, type Payload, payloadBytes } from '../channel/frame.js';
import { type Failure, ToBroker } from '../channel/messages.js';
import { describeThrown } from '../channel/thrown/describe.js';
import { encodeValue } from '../channel/values/codec.js';
import { SerializationError } from '../errors.js';

/** The part of an oversized error's message that is shown, in UTF-16 code units. */
const MESSAGE_START = 200;

/**
 * Encodes a value of the pipeline.
 * @param what Name of the value in errors: `result`, `chunk` or `progress`.
 * @throws {SerializationError} If the value cannot cross, or is too long.
 */
export function encodeBounded(value: unknown, what: string, maxMessageBytes: number): Payload {
  const payload = encodeValue(value, what);
  const bytes = payloadBytes(payload);
  if (bytes <= maxMessageBytes) return payload;
  throw new SerializationError(
    what,
    `the ${what} takes ${bytes} bytes, more than maxMessageBytes (${maxMessageBytes})`,
  );
}

export function resultFrame(id: number, result: unknown, maxMessageBytes: number): Frame {
  try {
    const payload = encodeBounded(result, 'result', maxMessageBytes);
    return { type: ToBroker.Result, id, attempt: 0, payload };
  } catch (error) {
    if (!(error instanceof SerializationError)) throw error;
    return unserializableFrame(id, error);
  }
}

/** This file as stacks name it: an ES module in a child, CommonJS in the client for tests. */
const HOST = typeof __filename === 'string' ? __filename : import.meta.url;

export function thrownFrame(id: number, error: unknown, maxMessageBytes: number): Frame {
  const thrown = describeThrown(error, HOST);
  const frame = failureFrame(id, { kind: 'thrown', thrown });
  const bytes = payloadBytes(frame.payload);
  if (bytes <= maxMessageBytes) return frame;
  const { name = 'value', message = '' } = thrown.errors[0] ?? {};
  const what = `the method threw a ${name} (${message.slice(0, MESSAGE_START)}…)`;
  const why = `which takes ${bytes} bytes, more than maxMessageBytes (${maxMessageBytes})`;
  return failureFrame(id, { kind: 'unserializable', path: 'error', message: `${what}, ${why}` });
}

export function unserializableFrame(id: number, { path, message }: SerializationError): Frame {
  return failureFrame(id, { kind: 'unserializable', path, message });
}

export function failureFrame(id: number, failure: Failure): Frame {
  return { type: ToBroker.Failure, id, attempt: 0, payload: encodeValue(failure, 'failure') };
}

/** Makes the answers to the calls of a batch out of the return value of the batch method. */
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
  return types.isNativeError(value) || value instanceof Error; // or an object that is made like one
}

function describeKind(value: unknown): string {
  return value === null || value === undefined ? String(value) : `a value of type ${typeof value}`;
}
