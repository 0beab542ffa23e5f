/** Decodes messages of the child, whose every byte may be wrong. A message of the wrong form is a `ProtocolError`. */
import { types } from 'node:util';

import { ProtocolError } from '../errors.js';
import type { Payload } from './frame.js';
import type { Failure, Fatal, StartFailure } from './messages.js';
import { BUILTIN_ERRORS, type ErrorRecord, type ThrownPart, type ThrownValue } from './thrown/describe.js';
import { decodeValue } from './values/codec.js';

/** @throws {ProtocolError} If the child sent something else. */
export function decodeStartFailure(payload: Payload): StartFailure {
  const { thrown, permanent } = fields(decodeValue(payload));
  if (typeof permanent !== 'boolean')
    throw new ProtocolError('a start failure does not say whether it is permanent');
  return { thrown: checkThrown(thrown), permanent };
}

/** @throws {ProtocolError} If the child sent something else. */
export function decodeFailure(payload: Payload): Failure {
  const { kind, thrown, path, message, methods, started } = fields(decodeValue(payload));
  if (kind === 'thrown') return { kind, thrown: checkThrown(thrown) };
  if (kind === 'unserializable' && typeof path === 'string' && typeof message === 'string')
    return { kind, path, message };
  if (kind === 'batch-result' && typeof message === 'string') return { kind, message };
  if (kind === 'unknown-method' && isStringArray(methods)) return { kind, methods };
  if (kind === 'yields' && typeof started === 'boolean') return { kind, started };
  if (kind === 'returns') return { kind };
  throw new ProtocolError('a failure is of an unknown kind');
}

/** @throws {ProtocolError} If the child sent something else. */
export function decodeFatal(payload: Payload): Fatal {
  const { thrown, running } = fields(decodeValue(payload));
  return { thrown: checkThrown(thrown), running: checkIds(running) };
}

/** @returns Ids of the running calls. @throws {ProtocolError} If the child sent something else. */
export function decodeHalted(payload: Payload): ReadonlySet<number> {
  return checkIds(decodeValue(payload));
}

/** @returns Names of methods, if they are known. @throws {ProtocolError} If the child sent something else. */
export function decodeReady(payload: Payload): readonly string[] | undefined {
  // A signal without a value says as much as undefined.
  const names = payload.metadata.byteLength === 0 ? undefined : decodeValue(payload);
  if (names === undefined || isStringArray(names)) return names;
  throw new ProtocolError('the methods are not given by their names');
}

/** @returns Paths of files. @throws {ProtocolError} If the child sent something else. */
export function decodeLoaded(payload: Payload): readonly string[] {
  const files = decodeValue(payload);
  if (isStringArray(files)) return files;
  throw new ProtocolError('the loaded files are not given by their paths');
}

function checkIds(ids: unknown): ReadonlySet<number> {
  if (Array.isArray(ids) && ids.every((id) => typeof id === 'number')) return new Set<number>(ids);
  throw new ProtocolError('the running calls are not given by their ids');
}

function checkThrown(value: unknown): ThrownValue {
  const { root, errors } = fields(value);
  if (!Array.isArray(errors)) throw new ProtocolError('an error comes without its table of errors');
  const count = errors.length;
  return { root: checkPart(root, count), errors: errors.map((record) => checkRecord(record, count)) };
}

function checkRecord(value: unknown, count: number): ErrorRecord {
  const { builtin, name, message, stack, cause, errors, properties } = fields(value);
  const known = BUILTIN_ERRORS.find((candidate) => candidate === builtin);
  if (
    known === undefined ||
    typeof name !== 'string' ||
    typeof message !== 'string' ||
    !Array.isArray(properties)
  ) {
    throw new ProtocolError('an error lacks class, name, message or properties');
  }
  return {
    builtin: known,
    name,
    message,
    stack: typeof stack === 'string' ? stack : undefined,
    cause: cause === undefined ? undefined : checkPart(cause, count),
    errors: Array.isArray(errors) ? errors.map((part) => checkPart(part, count)) : undefined,
    properties: properties.map((entry) => checkProperty(entry, count)),
  };
}

/** Parts of an error that have fields of their own in its record. */
const RESERVED: ReadonlySet<string> = new Set(['message', 'stack', 'cause']);

function checkProperty(entry: unknown, count: number): readonly [string, ThrownPart] {
  if (!Array.isArray(entry)) throw new ProtocolError('a property of an error is not a pair');
  const [name, part] = entry as unknown[];
  if (typeof name !== 'string' || RESERVED.has(name)) {
    throw new ProtocolError('a property of an error has no name, or a reserved one');
  }
  return [name, checkPart(part, count)];
}

function checkPart(part: unknown, count: number): ThrownPart {
  const { kind, index, value, payload, text } = fields(part);
  if (
    kind === 'error' &&
    typeof index === 'number' &&
    Number.isInteger(index) &&
    index >= 0 &&
    index < count
  ) {
    return { kind, index };
  }
  if (kind === 'value') return { kind, value };
  if (kind === 'encoded') return { kind, payload: checkPayload(payload) };
  if (kind === 'opaque' && typeof text === 'string') return { kind, text };
  throw new ProtocolError('a part of an error is of an unknown kind');
}

function checkPayload(payload: unknown): Payload {
  const { metadata, buffers } = fields(payload);
  if (isBytes(metadata) && Array.isArray(buffers) && buffers.every(isBytes)) return { metadata, buffers };
  throw new ProtocolError('a part of an error has no bytes');
}

function isBytes(value: unknown): value is Uint8Array<ArrayBuffer> {
  return types.isUint8Array(value) && types.isArrayBuffer(value.buffer);
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new ProtocolError('a message is not an object');
  return value as Record<string, unknown>;
}

function isStringArray(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
