import { type Frame, NO_BUFFERS, type Payload } from './frame.js';
import type { SharedMemorySettings } from './shared/layout.js';
import type { ThrownValue } from './thrown/describe.js';
import { decodeValue, encodeList, encodeValue } from './values/codec.js';

/** Types of the messages to the child. */
export const ToChild = {
  /** The pipeline to construct. The first message, sent once. */
  Init: 1,
  /** Run a method. The answer is exactly one Result, Failure or Dropped with the same id. */
  Call: 2,
  /** The call is abandoned: drop it, or abort its signal. */
  Abort: 3,
  /** Finish the calls, dispose of the pipeline and exit. */
  Stop: 4,
  /** This process is about to be killed: start no further call. */
  Halt: 5,
  /** The W3C traceparent of the Call or Member with the same id, which comes next. Sent only if there is one. */
  Trace: 6,
  /** Run a method and send each value that it yields as a Chunk. Answered like a Call. */
  Stream: 7,
  /** The reader of the stream with this id has taken more chunks: a number. */
  Credit: 8,
  /** One call of a batch. It runs with the Batch that names it. Answered like a Call. */
  Member: 9,
  /** Run a method once for all named members. It has no answer of its own. */
  Batch: 10,
  /** The timeout of the call with the same id, which comes next, in ms. Sent only if it is not that of Init. */
  Timeout: 11,
} as const;

/** Types of the messages to the broker. */
export const ToBroker = {
  /** The pipeline is constructed, and these are the names of its methods; undefined if they are not known. */
  Ready: 16,
  /** The pipeline could not be constructed, and the child exits. */
  StartFailure: 17,
  /** The value that the method returned. */
  Result: 18,
  /** The reason why there is no result. */
  Failure: 19,
  /** The call was aborted before it started. */
  Dropped: 20,
  /** An uncaught error that came from no running call, and the ids of the running calls. The child exits. */
  Fatal: 21,
  /** The answer to Halt: no further call starts, and these are the ids of the running ones. */
  Halted: 22,
  /** A progress value of the call with this id. Any number of them, before the call is answered. */
  Progress: 23,
  /** A value that the stream with this id yields. Any number within the window, before the call is answered. */
  Chunk: 24,
  /** The memory that Init describes is mapped, so buffers may go through it. After Ready, at most once. */
  Mapped: 25,
  /** Paths of files that have been loaded. Only if Init asks for them. Any number of times. */
  Loaded: 26,
} as const;

/** The pipeline that the child constructs, and how it runs calls. */
export interface Init {
  /** URL, absolute path or bare specifier of the module. */
  readonly module: string;
  readonly export: string | undefined;
  readonly expose: readonly string[] | undefined;
  readonly args: readonly unknown[];
  /** A random UUID. The keys of calls that were given none are derived from it. */
  readonly keySeries: string;
  /** Number of calls, or batches, that run at once. */
  readonly concurrency: number;
  /** By the method whose calls make batches: the method that runs them. */
  readonly batchMethods: Readonly<Record<string, string>>;
  /** Longest message that the broker accepts, in bytes. */
  readonly maxMessageBytes: number;
  /** How long a call may run, in ms, if no Timeout says otherwise. */
  readonly timeout: number;
  /** Most memory that the process may use, in bytes. */
  readonly memoryLimit: number;
  /** The memory to map. If it is missing, everything goes through the pipes. */
  readonly sharedMemory: SharedMemorySettings | undefined;
  /** Whether to report the files that are loaded. */
  readonly watch: boolean;
}

/** One call on the wire. */
export interface CallMessage {
  readonly method: string;
  /** If the caller gave none: the place of the call in the order of submission, for `derivedKey`. */
  readonly key: string | number;
  readonly args: readonly unknown[];
}

/** One batch on the wire. It follows its members. */
export interface BatchMessage {
  readonly method: string;
  /** Ids of the calls, in order. */
  readonly members: readonly number[];
}

/** The reason why a call has no result. */
export type Failure =
  | { readonly kind: 'thrown'; readonly thrown: ThrownValue }
  | { readonly kind: 'unserializable'; readonly path: string; readonly message: string }
  | { readonly kind: 'unknown-method'; readonly methods: readonly string[] }
  /** It was called, and yields its results. `started`: this only showed when it returned. */
  | { readonly kind: 'yields'; readonly started: boolean }
  /** It was streamed, and returns its result. */
  | { readonly kind: 'returns' }
  /** The batch method did not return one result for each call. */
  | { readonly kind: 'batch-result'; readonly message: string };

export interface StartFailure {
  readonly thrown: ThrownValue;
  /** Whether another try cannot help, for example because the module does not exist. */
  readonly permanent: boolean;
}

export interface Fatal {
  readonly thrown: ThrownValue;
  /** Ids of the running calls. */
  readonly running: ReadonlySet<number>;
}

const NO_PAYLOAD: Payload = { metadata: new Uint8Array(0), buffers: NO_BUFFERS };

/** A frame without a value. */
export function signalFrame(type: number, id = 0): Frame {
  return { type, id, attempt: 0, payload: NO_PAYLOAD };
}

export function initFrame(init: Payload): Frame {
  return { type: ToChild.Init, id: 0, attempt: 0, payload: init };
}

export function traceFrame(id: number, traceparent: string): Frame {
  return { type: ToChild.Trace, id, attempt: 0, payload: encodeValue(traceparent, 'traceparent') };
}

export function timeoutFrame(id: number, ms: number): Frame {
  return { type: ToChild.Timeout, id, attempt: 0, payload: encodeValue(ms, '') };
}

export function creditFrame(id: number, chunks: number): Frame {
  return { type: ToChild.Credit, id, attempt: 0, payload: encodeValue(chunks, '') };
}

/** For the child: the value of a Credit or a Timeout. */
export function decodeNumber(payload: Payload): number {
  return decodeValue(payload) as number; // the child trusts its broker
}

/** @throws {SerializationError} Names the option or the argument. */
export function encodeInit(init: Init): Payload {
  return encodeValue(init, 'options');
}

const CALL_PARTS = ['method', 'key', 'args'];

/** @throws {SerializationError} Names the argument, such as `args[0].model`. */
export function encodeCall(call: CallMessage): Payload {
  const { method, key, args } = call;
  return encodeList([method, key, args], CALL_PARTS);
}

export function encodeBatch(batch: BatchMessage): Payload {
  return encodeValue(batch, '');
}

/** For the child. */
export function decodeBatch(payload: Payload): BatchMessage {
  return decodeValue(payload) as BatchMessage; // the child trusts its broker
}

/** For the child. */
export function decodeCall(payload: Payload): CallMessage {
  const [method, key, args] = decodeValue(payload) as [string, string | number, readonly unknown[]]; // the child trusts its broker
  return { method, key, args };
}

/** For the child. */
export function decodeTraceparent(payload: Payload): string {
  return decodeValue(payload) as string; // the child trusts its broker
}

/** For the child. */
export function decodeInit(payload: Payload): Init {
  return decodeValue(payload) as Init; // the child trusts its broker
}
