import { type Frame, type Payload, payloadBytes } from '../channel/frame.js';
import { type Failure, ToBroker } from '../channel/messages.js';
import { describeThrown } from '../channel/thrown/describe.js';
import { encodeValue } from '../channel/values/codec.js';
import { SerializationError } from '../errors.js';

/** So much of the message of an error that is too long is shown, in characters. */
const MESSAGE_START = 200;

/**
 * A value of the pipeline's in the form in which it crosses.
 * @param what What the value is called in errors: `result`, `chunk`, `progress`.
 * @throws SerializationError
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

export function thrownFrame(id: number, error: unknown, maxMessageBytes: number): Frame {
  const thrown = describeThrown(error, import.meta.url);
  const frame = failureFrame(id, { kind: 'thrown', thrown });
  const bytes = payloadBytes(frame.payload);
  if (bytes <= maxMessageBytes) return frame;
  const { name = 'value', message = '' } = thrown.errors[0] ?? {};
  const what = `the method threw a ${name} (${message.slice(0, MESSAGE_START)}…)`;
  const why = `which takes ${bytes} bytes, more than maxMessageBytes (${maxMessageBytes})`;
  return failureFrame(id, { kind: 'unserializable', path: 'error', message: `${what}, ${why}` });
}

/** A value of the pipeline's cannot cross. */
export function unserializableFrame(id: number, { path, message }: SerializationError): Frame {
  return failureFrame(id, { kind: 'unserializable', path, message });
}

export function failureFrame(id: number, failure: Failure): Frame {
  return { type: ToBroker.Failure, id, attempt: 0, payload: encodeValue(failure, 'failure') };
}
