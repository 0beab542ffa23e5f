import type { PendingCall } from '../call/call.js';
import type { Failure } from '../channel/messages.js';
import { reviveThrown } from '../channel/thrown/revive.js';
import { BatchResultError, SerializationError, UnknownMethodError } from '../errors.js';

/** Errors of calls of methods that yield. */
const forStream = new WeakSet<UnknownMethodError>();

/** Whether a call was refused since its method yields. */
export function isForStream(error: unknown): boolean {
  return error instanceof UnknownMethodError && forStream.has(error);
}

/** The error that a call rejects with, of the reason the child gave. */
export function failureError(failure: Failure, call: PendingCall, pid: number | undefined): unknown {
  const details = { ...call.details(), pid };
  switch (failure.kind) {
    case 'thrown':
      return reviveThrown(failure.thrown);
    case 'unserializable':
      return new SerializationError(failure.path, failure.message, details);
    case 'batch-result':
      return new BatchResultError(failure.message, details);
    case 'unknown-method': {
      const there = failure.methods.length === 0 ? 'it has none' : `there are: ${failure.methods.join(', ')}`;
      const message = `the pipeline has no method ${JSON.stringify(call.method)} that may be called; ${there}`;
      return new UnknownMethodError(message, { ...details, started: false });
    }
    case 'yields': {
      const message = `the method ${JSON.stringify(call.method)} yields its results: it is for stream(), not for call() or submit()`;
      const error = new UnknownMethodError(message, { ...details, started: failure.started });
      forStream.add(error);
      return error;
    }
    case 'returns': {
      const message = `the method ${JSON.stringify(call.method)} yields nothing, but returns its result: it is for call() or submit(), not for stream()`;
      return new UnknownMethodError(message, details);
    }
  }
}
