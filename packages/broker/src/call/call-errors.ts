/** The errors that one call rejects with, in words. The errors of a process stand in `process/process-errors.ts`. */
import type { Failure } from '../channel/messages.js';
import { reviveThrown } from '../channel/thrown/revive.js';
import {
  BatchResultError,
  type BrokerErrorDetails,
  CallCancelledError,
  CallTimeoutError,
  DuplicateKeyError,
  listOf,
  QueueFullError,
  SerializationError,
  UnknownMethodError,
} from '../errors.js';
import { didYouMean } from '../options/nearest.js';

/** The part of a call that its errors need. */
interface Subject {
  readonly name: string;
  readonly method: string;
  readonly state: string;
  readonly options: { readonly timeout: number; readonly queueTimeout: number };
  details(cause?: unknown): BrokerErrorDetails;
}

export function cancelledError(call: Subject, reason: unknown): CallCancelledError {
  const message = `call ${call.name} was cancelled while ${call.state}`;
  return new CallCancelledError('caller', message, call.details(reason));
}

/** @param details Of a call that need not exist yet: its signal may be aborted before it is made. */
export function abortError(details: BrokerErrorDetails, signal: AbortSignal): CallCancelledError {
  const { key, method } = details;
  const name = key === undefined ? method : `${method} (key ${JSON.stringify(key)})`;
  const message = `call ${name} was aborted by its signal`;
  return new CallCancelledError('signal', message, { ...details, cause: signal.reason });
}

export function timeoutError(call: Subject): CallTimeoutError {
  const message = `call ${call.name} ran longer than its timeout (${call.options.timeout} ms)`;
  return new CallTimeoutError('running', message, call.details());
}

export function queueTimeoutError(call: Subject): CallTimeoutError {
  const message = `call ${call.name} waited longer than its queueTimeout (${call.options.queueTimeout} ms)`;
  return new CallTimeoutError('queued', message, call.details());
}

/** The caller changed the memory of the arguments, although it belongs to the call until that has settled. */
export function changedArgumentsError(call: Subject): SerializationError {
  const why =
    'a buffer in them was transferred to another owner, or changed its length, before they were sent';
  const message = `the arguments of call ${call.name} cannot cross: ${why}`;
  return new SerializationError('args', message, call.details());
}

export function oversizeError(bytes: number, limit: number, details: BrokerErrorDetails): SerializationError {
  const message = `the arguments take ${bytes} bytes, more than maxMessageBytes (${limit})`;
  return new SerializationError('args', message, details);
}

/** @param first The method of the call that has the key. */
export function duplicateKeyError(
  first: string,
  conflict: 'stream' | 'arguments',
  details: BrokerErrorDetails,
): DuplicateKeyError {
  const why =
    conflict === 'stream'
      ? '; a stream has one reader, and no other call can join it'
      : ', with other arguments';
  const message = `a call of ${first} with the key ${JSON.stringify(details.key)} is in flight${why}`;
  return new DuplicateKeyError(message, details);
}

/** @param full The bound that was reached. @param retryAfter In ms. */
export function queueFullError(
  full: string,
  retryAfter: number,
  details: BrokerErrorDetails,
): QueueFullError {
  return new QueueFullError(`the queue is full: ${full}; try again in ${retryAfter} ms`, retryAfter, details);
}

/**
 * The child sent a value that cannot be decoded here.
 * @param what Name of the value: `result`, `chunk`, `progress` or `error`.
 */
export function undecodableError(
  what: string,
  call: Subject,
  pid: number | undefined,
  cause: Error,
): SerializationError {
  const message = `the ${what} of call ${call.name} cannot be decoded in this process: ${cause.message}`;
  return new SerializationError(what, message, { ...call.details(cause.cause), pid });
}

/** Makes an error of the reason that the child gave. @param pid Of the child. */
export function failureError(failure: Failure, call: Subject, pid: number | undefined): unknown {
  const details = { ...call.details(), pid };
  const method = JSON.stringify(call.method);
  switch (failure.kind) {
    case 'thrown':
      return reviveThrown(failure.thrown);
    case 'unserializable':
      return new SerializationError(failure.path, failure.message, details);
    case 'batch-result':
      return new BatchResultError(failure.message, details);
    case 'unknown-method': {
      const message = `the pipeline has no method ${method} that may be called${suggestion(call.method, failure.methods)}`;
      return new UnknownMethodError(message, { ...details, started: false });
    }
    case 'yields': {
      const message = `the method ${method} yields its results: read it with stream(), not with call() or submit()`;
      return new UnknownMethodError(message, { ...details, started: failure.started });
    }
    case 'returns': {
      const message = `the method ${method} returns its result and yields nothing: use call() or submit(), not stream()`;
      return new UnknownMethodError(message, details);
    }
  }
}

const MAX_LISTED = 20;

/** The nearest name, and which names there are. */
function suggestion(method: string, methods: readonly string[]): string {
  if (methods.length === 0) return '; it has none';
  return `${didYouMean(method, methods)}; there are: ${listOf(methods, MAX_LISTED)}`;
}
