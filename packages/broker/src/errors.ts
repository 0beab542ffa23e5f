/**
 * The stable code of every error that the broker raises.
 *
 * A `switch` over it can be checked for completeness, and a misspelt `case` does not compile.
 */
export type BrokerErrorCode =
  | 'ERR_DUAL_BATCH_RESULT'
  | 'ERR_DUAL_BROKER_CLOSED'
  | 'ERR_DUAL_CALL_CANCELLED'
  | 'ERR_DUAL_CALL_TIMEOUT'
  | 'ERR_DUAL_DUPLICATE_KEY'
  | 'ERR_DUAL_INVALID_OPTION'
  | 'ERR_DUAL_MEMORY_LIMIT'
  | 'ERR_DUAL_PIPELINE_START'
  | 'ERR_DUAL_PROCESS_EXIT'
  | 'ERR_DUAL_PROTOCOL'
  | 'ERR_DUAL_QUEUE_FULL'
  | 'ERR_DUAL_QUEUE_TIMEOUT'
  | 'ERR_DUAL_SERIALIZATION'
  | 'ERR_DUAL_UNKNOWN_METHOD';

/** The call and the process that an error is about. A field that does not apply is absent. */
export interface BrokerErrorDetails {
  /** The underlying problem: the pipeline's own error, an abort reason, a system error. */
  cause?: unknown;
  /** Key of the call. */
  key?: string | undefined;
  /** Method of the call. */
  method?: string | undefined;
  /** Process id of the child. */
  pid?: number | undefined;
  /** The child's exit code, if it exited by itself. */
  exitCode?: number | undefined;
  /** The signal that ended the child. */
  signal?: NodeJS.Signals | undefined;
  /** Whether the call may have started to run. `false`: it certainly did not. */
  started?: boolean | undefined;
  /** Whether the call is suspected of ending processes before it starts. */
  suspect?: boolean | undefined;
  /** The last lines that the child wrote to stderr. */
  stderr?: string | undefined;
}

/** The pipeline shares its globals with the child's own code, and may replace them. */
const NativeError = Error;

/** The symbol that marks the instances of a class. A second copy of this package uses the same symbol. */
const brands = new WeakMap<object, symbol>();

/**
 * Base of every error that the broker itself raises. An error that the pipeline throws is not wrapped: it
 * arrives as itself.
 *
 * `instanceof` works across two copies of this package in one program.
 */
export abstract class BrokerError extends Error {
  /** Stable, for programs to compare. */
  abstract readonly code: BrokerErrorCode;
  /** Key of the call. */
  declare readonly key?: string;
  /** Method of the call. */
  declare readonly method?: string;
  /** Process id of the child. */
  declare readonly pid?: number;
  /** The child's exit code, if it exited by itself. */
  declare readonly exitCode?: number;
  /** The signal that ended the child. */
  declare readonly signal?: NodeJS.Signals;
  /** Whether the call may have started to run. `false`: it certainly did not. */
  declare readonly started?: boolean;
  /** Whether the call is suspected of ending processes before it starts. */
  declare readonly suspect?: boolean;
  /** The last lines that the child wrote to stderr. */
  declare readonly stderr?: string;

  constructor(message: string, details: BrokerErrorDetails = {}) {
    const { cause, ...known } = details;
    super(message, 'cause' in details ? { cause } : undefined);
    for (const [field, value] of Object.entries(known)) {
      if (value !== undefined) Object.defineProperty(this, field, { value, enumerable: true });
    }
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    const brand = brands.get(this);
    // A user's own class that extends one of ours has no brand.
    if (brand === undefined) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === 'object' && value !== null && brand in value;
  }
}

/** An option or argument of the broker's own API is wrong. Thrown at once. Code `ERR_DUAL_INVALID_OPTION`. */
export class InvalidOptionError extends BrokerError {
  override readonly code = 'ERR_DUAL_INVALID_OPTION';
  /** Name of the option, such as `restart.limit`. */
  readonly option: string;

  constructor(option: string, message: string, details?: BrokerErrorDetails) {
    super(message, details);
    this.option = option;
  }
}

/**
 * The pipeline could not be brought up. Its module is missing, throws, exits or lacks the export; or its
 * constructor throws or does not return in time; or the process could not be spawned. `cause` is the original
 * error, if there is one. Code `ERR_DUAL_PIPELINE_START`.
 */
export class PipelineStartError extends BrokerError {
  override readonly code = 'ERR_DUAL_PIPELINE_START';
}

/**
 * The child ended while the call was running in it. Or the call never started, but was the next one to start at the ends of
 * two processes that ran nothing else: then `suspect` is true and `started` is false. Code `ERR_DUAL_PROCESS_EXIT`, or
 * `ERR_DUAL_MEMORY_LIMIT` if the child used more memory than `limits.memory`.
 */
export class ProcessExitError extends BrokerError {
  override readonly code: 'ERR_DUAL_PROCESS_EXIT' | 'ERR_DUAL_MEMORY_LIMIT';

  constructor(
    message: string,
    details?: BrokerErrorDetails,
    code: ProcessExitError['code'] = 'ERR_DUAL_PROCESS_EXIT',
  ) {
    super(message, details);
    this.code = code;
  }
}

/**
 * The call ran longer than `timeout` (code `ERR_DUAL_CALL_TIMEOUT`, `started: true`) or waited longer than
 * `queueTimeout` (code `ERR_DUAL_QUEUE_TIMEOUT`; `started` is true if it had been sent ahead to a process).
 */
export class CallTimeoutError extends BrokerError {
  override readonly code: 'ERR_DUAL_CALL_TIMEOUT' | 'ERR_DUAL_QUEUE_TIMEOUT';

  constructor(phase: 'running' | 'queued', message: string, details?: BrokerErrorDetails) {
    super(message, details);
    this.code = phase === 'running' ? 'ERR_DUAL_CALL_TIMEOUT' : 'ERR_DUAL_QUEUE_TIMEOUT';
  }
}

/**
 * The call was cancelled by `Call.cancel()` or by an `AbortSignal`. If a signal did it, the error's `name` is
 * `AbortError`. `cause` is the reason that was given. Code `ERR_DUAL_CALL_CANCELLED`.
 */
export class CallCancelledError extends BrokerError {
  override readonly code = 'ERR_DUAL_CALL_CANCELLED';

  constructor(by: 'caller' | 'signal', message: string, details?: BrokerErrorDetails) {
    super(message, details);
    if (by === 'signal') this.name = 'AbortError';
  }
}

/** The queue has no room for the call. Code `ERR_DUAL_QUEUE_FULL`. */
export class QueueFullError extends BrokerError {
  override readonly code = 'ERR_DUAL_QUEUE_FULL';
  /** Time in ms after which, at the measured rate, the queue will be empty. */
  readonly retryAfter: number;

  constructor(message: string, retryAfter: number, details?: BrokerErrorDetails) {
    super(message, details);
    this.retryAfter = retryAfter;
  }
}

/** An argument or a result cannot cross to the other process. Code `ERR_DUAL_SERIALIZATION`. */
export class SerializationError extends BrokerError {
  override readonly code = 'ERR_DUAL_SERIALIZATION';
  /** Path of the value, such as `args[0].model` or `result.layers[3]`. A path longer than 200 characters lacks its middle. */
  readonly path: string;

  constructor(path: string, message: string, details?: BrokerErrorDetails) {
    super(message, details);
    this.path = path;
  }
}

/**
 * The pipeline has no such method, or the method is not callable, or it has to be called in another way (`stream`
 * instead of `call`, or the reverse). Code `ERR_DUAL_UNKNOWN_METHOD`.
 */
export class UnknownMethodError extends BrokerError {
  override readonly code = 'ERR_DUAL_UNKNOWN_METHOD';
}

/** A batch method did not return one result for each call. Code `ERR_DUAL_BATCH_RESULT`. */
export class BatchResultError extends BrokerError {
  override readonly code = 'ERR_DUAL_BATCH_RESULT';
}

/** A call with this key is in flight, with another method or other arguments. Code `ERR_DUAL_DUPLICATE_KEY`. */
export class DuplicateKeyError extends BrokerError {
  override readonly code = 'ERR_DUAL_DUPLICATE_KEY';
}

/** The broker is closed or closing. Code `ERR_DUAL_BROKER_CLOSED`. */
export class BrokerClosedError extends BrokerError {
  override readonly code = 'ERR_DUAL_BROKER_CLOSED';
}

/** The child sent bytes that are not a message of the channel. Code `ERR_DUAL_PROTOCOL`. */
export class ProtocolError extends BrokerError {
  override readonly code = 'ERR_DUAL_PROTOCOL';
}

/** The names are repeated here because a bundler may rename the classes. */
const CLASSES = {
  BrokerError,
  InvalidOptionError,
  PipelineStartError,
  ProcessExitError,
  CallTimeoutError,
  CallCancelledError,
  QueueFullError,
  SerializationError,
  UnknownMethodError,
  BatchResultError,
  DuplicateKeyError,
  BrokerClosedError,
  ProtocolError,
};

for (const [name, errorClass] of Object.entries(CLASSES)) {
  const brand = Symbol.for(`@dual/broker/${name}`);
  brands.set(errorClass, brand);
  Object.defineProperty(errorClass.prototype, brand, { value: true });
  Object.defineProperty(errorClass.prototype, 'name', { value: name, writable: true, configurable: true });
}

/** The kind of a value, for messages: `a number`, `an object`, `null`. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** The first names of a list, and how many more there are, for messages. */
export function listOf(names: readonly string[], most: number): string {
  const others = names.length - most;
  return `${names.slice(0, most).join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
}

/** Message of most errors of a closed broker. */
export const IS_CLOSED = 'the broker is closed';

/** @param message If `the broker is closed` does not say enough. */
export function closedError(message = IS_CLOSED, details?: BrokerErrorDetails): BrokerClosedError {
  return new BrokerClosedError(message, details);
}

/**
 * If `run` throws an error of the broker's own, its stack begins at the caller of `entry`.
 * @param entry The function, or the class, that the user has called.
 */
export function fromCaller<T>(run: () => T, entry: Parameters<typeof Error.captureStackTrace>[1]): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof BrokerError) NativeError.captureStackTrace(error, entry);
    throw error;
  }
}
