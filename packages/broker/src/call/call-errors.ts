import {
  type BrokerErrorDetails,
  CallCancelledError,
  CallTimeoutError,
  SerializationError,
} from '../errors.js';
import type { Outcome, PendingCall } from './call.js';

/** The arguments' memory is their owner's, who was asked to leave it alone until the call has settled. */
export function goneError(call: PendingCall): SerializationError {
  const what =
    'a buffer among them was transferred to another owner, or changed its length, before they were sent';
  return new SerializationError(
    'args',
    `the arguments of call ${call.name} cannot cross: ${what}`,
    call.details(),
  );
}

export function queueTimeoutOf(call: PendingCall): Outcome {
  const { queueTimeout } = call.options;
  const message = `call ${call.name} waited longer than its queueTimeout (${queueTimeout} ms)`;
  return { state: 'failed', error: new CallTimeoutError('queued', message, call.details()) };
}

export function abortError(details: BrokerErrorDetails, signal: AbortSignal): CallCancelledError {
  const { key, method } = details;
  const name = key === undefined ? method : `${method} (key ${JSON.stringify(key)})`;
  const message = `call ${name} was aborted by its signal`;
  return new CallCancelledError('signal', message, { ...details, cause: signal.reason });
}
