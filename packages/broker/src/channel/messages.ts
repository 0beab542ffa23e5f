import { ProtocolError } from '../errors.js';
import { type Frame, NO_BUFFERS, type Payload } from './frame.js';
import type { SharedMemorySettings } from './shared/layout.js';
import { BUILTIN_ERRORS, type ErrorRecord, type ThrownPart, type ThrownValue } from './thrown/describe.js';
import { decodeValue, encodeList, encodeValue } from './values/codec.js';

/** Types of the messages that the broker sends. */
export const ToChild = {
  /** What to construct. First message, once. */
  Init: 1,
  /** Run a method. Answered by exactly one Result, Failure or Dropped of the same id. */
  Call: 2,
  /** Nobody waits for the call any more: drop it, or fire its signal. */
  Abort: 3,
  /** Finish the calls, dispose of the pipeline and exit. */
  Stop: 4,
  /** This process is about to be killed: start no further call. */
  Halt: 5,
  /** The W3C traceparent of the Call or Member of the same id, which comes next. Sent only where there is one. */
  Trace: 6,
  /** Run a method and send what it yields, as Chunks. Answered as a Call is. */
  Stream: 7,
  /** The reader of the stream of this id has taken so many chunks more. */
  Credit: 8,
  /** One call of a batch: runs with the Batch that names it. Answered as a Call is. */
  Member: 9,
  /** Run a method once for the members named. Has no answer of its own. */
  Batch: 10,
} as const;

/** Types of the messages that the child sends. */
export const ToBroker = {
  /** The pipeline is constructed. */
  Ready: 16,
  /** The pipeline could not be constructed; the child exits. */
  StartFailure: 17,
  /** What the method returned. */
  Result: 18,
  /** Why there is no result. */
  Failure: 19,
  /** The call was aborted before it started. */
  Dropped: 20,
  /** An error that no running call is to blame for, and the calls that run all the same; the child exits. */
  Fatal: 21,
  /** No call will start any more; those that run are named. Answers Halt. */
  Halted: 22,
  /** How far the call of this id is: a value of the pipeline's. Any number, before the call is answered. */
  Progress: 23,
  /** What the stream of this id has yielded. Any number, within the window, before the call is answered. */
  Chunk: 24,
  /** The memory that Init tells of is mapped: calls may come through it. After Ready, at most once. */
  Mapped: 25,
} as const;

/** Whether it is the one message that ends a call. */
export function isAnswer(type: number): boolean {
  return type === ToBroker.Result || type === ToBroker.Failure || type === ToBroker.Dropped;
}

/** What the child is to construct. */
export interface Init {
  /** URL, absolute path or bare specifier of the module. */
  readonly module: string;
  readonly export: string | undefined;
  readonly expose: readonly string[] | undefined;
  readonly args: readonly unknown[];
  /** What the keys are derived from of calls that were given none. */
  readonly keySeries: string;
  /** How many calls, or batches, run at once. */
  readonly concurrency: number;
  /** By the method whose calls make batches, the method that runs those. */
  readonly batchMethods: Readonly<Record<string, string>>;
  /** The longest message that the broker takes, in bytes. */
  readonly maxMessageBytes: number;
  /** The memory to map; where it is missing, all goes through the pipes. */
  readonly sharedMemory: SharedMemorySettings | undefined;
}

/** One call, as it is sent. */
export interface CallMessage {
  readonly method: string;
  /** A number where the caller gave none: which of the calls it is, see `derivedKey`. */
  readonly key: string | number;
  readonly args: readonly unknown[];
}

/** One batch, as it is sent after its members. */
export interface BatchMessage {
  readonly method: string;
  /** Ids of the calls, in order. */
  readonly members: readonly number[];
}

/** Why a call has no result. */
export type Failure =
  | { readonly kind: 'thrown'; readonly thrown: ThrownValue }
  | { readonly kind: 'unserializable'; readonly path: string; readonly message: string }
  | { readonly kind: 'unknown-method'; readonly methods: readonly string[] }
  /** It was called, and yields its results; where that showed only when it returned, it has started. */
  | { readonly kind: 'yields'; readonly started: boolean }
  /** It was to be streamed, and returns its result. */
  | { readonly kind: 'returns' }
  /** What the batch method returned makes no result for each call. */
  | { readonly kind: 'batch-result'; readonly message: string };

export interface StartFailure {
  readonly thrown: ThrownValue;
  /** Whether another try cannot end differently, as with a module that does not exist. */
  readonly permanent: boolean;
}

export interface Fatal {
  readonly thrown: ThrownValue;
  /** Ids of the calls that run. */
  readonly running: ReadonlySet<number>;
}

const NO_PAYLOAD: Payload = { metadata: new Uint8Array(0), buffers: NO_BUFFERS };

/** A frame that says all by its type. */
export function signalFrame(type: number, id = 0): Frame {
  return { type, id, attempt: 0, payload: NO_PAYLOAD };
}

export function initFrame(init: Payload): Frame {
  return { type: ToChild.Init, id: 0, attempt: 0, payload: init };
}

export function traceFrame(id: number, traceparent: string): Frame {
  return { type: ToChild.Trace, id, attempt: 0, payload: encodeValue(traceparent, 'traceparent') };
}

export function creditFrame(id: number, chunks: number): Frame {
  return { type: ToChild.Credit, id, attempt: 0, payload: encodeValue(chunks, '') };
}

/** Reads a message of the broker's, in the child. */
export function decodeCredit(payload: Payload): number {
  return decodeValue(payload) as number; // the child trusts its broker
}

/** @throws SerializationError */
export function encodeInit(init: Init): Payload {
  return encodeValue(init, 'options');
}

const CALL_PARTS = ['method', 'key', 'args'];

/** @throws SerializationError naming the argument, such as `args[0].model`. */
export function encodeCall(call: CallMessage): Payload {
  const { method, key, args } = call;
  return encodeList([method, key, args], CALL_PARTS);
}

export function encodeBatch(batch: BatchMessage): Payload {
  return encodeValue(batch, '');
}

/** Reads a message of the broker's, in the child. */
export function decodeBatch(payload: Payload): BatchMessage {
  return decodeValue(payload) as BatchMessage; // the child trusts its broker
}

/** Reads a message of the broker's, in the child. */
export function decodeCall(payload: Payload): CallMessage {
  const [method, key, args] = decodeValue(payload) as [string, string | number, readonly unknown[]]; // the child trusts its broker
  return { method, key, args };
}

/** Reads a Trace, in the child. */
export function decodeTraceparent(payload: Payload): string {
  return decodeValue(payload) as string; // the child trusts its broker
}

/** Reads the broker's first message, in the child. */
export function decodeInit(payload: Payload): Init {
  return decodeValue(payload) as Init; // the child trusts its broker
}

/** @throws ProtocolError where the child sent something else. */
export function decodeStartFailure(payload: Payload): StartFailure {
  const { thrown, permanent } = fields(decodeValue(payload));
  if (typeof permanent !== 'boolean')
    throw new ProtocolError('a start failure does not say whether it is permanent');
  return { thrown: checkThrown(thrown), permanent };
}

/** @throws ProtocolError where the child sent something else. */
export function decodeFailure(payload: Payload): Failure {
  const { kind, thrown, path, message, methods, started } = fields(decodeValue(payload));
  if (kind === 'thrown') return { kind, thrown: checkThrown(thrown) };
  if (kind === 'unserializable' && typeof path === 'string' && typeof message === 'string')
    return { kind, path, message };
  if (kind === 'batch-result' && typeof message === 'string') return { kind, message };
  if (kind === 'unknown-method' && isStringArray(methods)) return { kind, methods };
  if (kind === 'yields' && typeof started === 'boolean') return { kind, started };
  if (kind === 'returns') return { kind };
  throw new ProtocolError('a failure is of no known kind');
}

/** @throws ProtocolError where the child sent something else. */
export function decodeFatal(payload: Payload): Fatal {
  const { thrown, running } = fields(decodeValue(payload));
  return { thrown: checkThrown(thrown), running: checkIds(running) };
}

/** @returns Ids of the calls that run. @throws ProtocolError where the child sent something else. */
export function decodeHalted(payload: Payload): ReadonlySet<number> {
  return checkIds(decodeValue(payload));
}

function checkIds(ids: unknown): ReadonlySet<number> {
  if (Array.isArray(ids) && ids.every((id) => typeof id === 'number')) return new Set<number>(ids);
  throw new ProtocolError('the calls that run are not given by their ids');
}

function checkThrown(value: unknown): ThrownValue {
  const { root, errors } = fields(value);
  if (!Array.isArray(errors)) throw new ProtocolError('an error comes without its table');
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

/** Parts of an error that are told apart from its properties. */
const RESERVED: ReadonlySet<string> = new Set(['message', 'stack', 'cause']);

function checkProperty(entry: unknown, count: number): readonly [string, ThrownPart] {
  if (!Array.isArray(entry)) throw new ProtocolError('a property of an error is no pair');
  const [name, part] = entry as unknown[];
  if (typeof name !== 'string' || RESERVED.has(name)) {
    throw new ProtocolError('a property of an error has no name, or that of another part of it');
  }
  return [name, checkPart(part, count)];
}

function checkPart(part: unknown, count: number): ThrownPart {
  const { kind, index, value, text } = fields(part);
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
  if (kind === 'opaque' && typeof text === 'string') return { kind, text };
  throw new ProtocolError('a part of an error is of no known kind');
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new ProtocolError('a message is no object');
  return value as Record<string, unknown>;
}

function isStringArray(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
