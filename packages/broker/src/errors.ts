/** What is known about the call and the process behind an error. Absent where it does not apply. */
export interface BrokerErrorDetails {
  /** What went wrong underneath: the pipeline's own error, an abort reason, a system error. */
  cause?: unknown;
  /** Key of the call. */
  key?: string | undefined;
  /** Method of the call. */
  method?: string | undefined;
  /** Process id of the child. */
  pid?: number | undefined;
  /** The child's exit code, where it exited by itself. */
  exitCode?: number | undefined;
  /** The signal that ended the child. */
  signal?: NodeJS.Signals | undefined;
  /** Whether the call may have started to run. `false` means that it certainly did not. */
  started?: boolean | undefined;
  /** The last lines the child wrote to stderr. */
  stderr?: string | undefined;
}

/** The symbol by which instances of a class are known, also to another copy of this package. */
const brands = new WeakMap<object, symbol>();

/**
 * Base of every error that the broker itself raises. An error thrown by the pipeline is not wrapped: it
 * arrives as itself.
 *
 * `instanceof` works across two copies of this package in one program.
 */
export class BrokerError extends Error {
  /** Stable, for programs to compare: `ERR_DUAL_…`. */
  readonly code: string;
  /** Key of the call. */
  declare readonly key?: string;
  /** Method of the call. */
  declare readonly method?: string;
  /** Process id of the child. */
  declare readonly pid?: number;
  /** The child's exit code, where it exited by itself. */
  declare readonly exitCode?: number;
  /** The signal that ended the child. */
  declare readonly signal?: NodeJS.Signals;
  /** Whether the call may have started to run. `false` means that it certainly did not. */
  declare readonly started?: boolean;
  /** The last lines the child wrote to stderr. */
  declare readonly stderr?: string;

  constructor(code: string, message: string, details: BrokerErrorDetails = {}) {
    const { cause, ...known } = details;
    super(message, 'cause' in details ? { cause } : undefined);
    this.code = code;
    for (const [field, value] of Object.entries(known)) {
      if (value !== undefined) Object.defineProperty(this, field, { value, enumerable: true });
    }
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    const brand = brands.get(this);
    // A class of the user's own that extends one of ours has no brand.
    if (brand === undefined) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === 'object' && value !== null && brand in value;
  }
}

/** An option or argument of the broker's own API is wrong. Thrown at once. Code `ERR_DUAL_INVALID_OPTION`. */
export class InvalidOptionError extends BrokerError {
  /** Name of the option, such as `restart.limit`. */
  readonly option: string;

  constructor(option: string, message: string, details?: BrokerErrorDetails) {
    super('ERR_DUAL_INVALID_OPTION', message, details);
    this.option = option;
  }
}

/**
 * The pipeline could not be brought up: its module is missing, throws, exits, lacks the export; its
 * constructor throws or does not return in time; the process could not be spawned. `cause` is the original
 * error where there is one. Code `ERR_DUAL_PIPELINE_START`.
 */
export class PipelineStartError extends BrokerError {
  constructor(message: string, details?: BrokerErrorDetails) {
    super('ERR_DUAL_PIPELINE_START', message, details);
  }
}

/** The child ended while the call was running in it. Code `ERR_DUAL_PROCESS_EXIT`. */
export class ProcessExitError extends BrokerError {
  constructor(message: string, details?: BrokerErrorDetails) {
    super('ERR_DUAL_PROCESS_EXIT', message, details);
  }
}

/**
 * The call ran longer than `timeout` (code `ERR_DUAL_CALL_TIMEOUT`, `started: true`) or waited longer than
 * `queueTimeout` (code `ERR_DUAL_QUEUE_TIMEOUT`, `started: false`).
 */
export class CallTimeoutError extends BrokerError {
  constructor(phase: 'running' | 'queued', message: string, details?: BrokerErrorDetails) {
    super(phase === 'running' ? 'ERR_DUAL_CALL_TIMEOUT' : 'ERR_DUAL_QUEUE_TIMEOUT', message, details);
  }
}

/**
 * The call was cancelled, by `Call.cancel()` or by an `AbortSignal`; in the second case its `name` is
 * `AbortError`. `cause` is the reason given. Code `ERR_DUAL_CALL_CANCELLED`.
 */
export class CallCancelledError extends BrokerError {
  constructor(by: 'caller' | 'signal', message: string, details?: BrokerErrorDetails) {
    super('ERR_DUAL_CALL_CANCELLED', message, details);
    if (by === 'signal') this.name = 'AbortError';
  }
}

/** The queue has no room for the call. Code `ERR_DUAL_QUEUE_FULL`. */
export class QueueFullError extends BrokerError {
  /** Milliseconds after which the queue, at the measured rate, will have been worked off. */
  readonly retryAfter: number;

  constructor(message: string, retryAfter: number, details?: BrokerErrorDetails) {
    super('ERR_DUAL_QUEUE_FULL', message, details);
    this.retryAfter = retryAfter;
  }
}

/** An argument or a result cannot cross to the other process. Code `ERR_DUAL_SERIALIZATION`. */
export class SerializationError extends BrokerError {
  /** Where the value stands, such as `args[0].model` or `result.layers[3]`. */
  readonly path: string;

  constructor(path: string, message: string, details?: BrokerErrorDetails) {
    super('ERR_DUAL_SERIALIZATION', message, details);
    this.path = path;
  }
}

/** The pipeline has no such method, or none that may be called, or none to be called so. Code `ERR_DUAL_UNKNOWN_METHOD`. */
export class UnknownMethodError extends BrokerError {
  constructor(message: string, details?: BrokerErrorDetails) {
    super('ERR_DUAL_UNKNOWN_METHOD', message, details);
  }
}

/** A batch method returned something else than one result for each call. Code `ERR_DUAL_BATCH_RESULT`. */
export class BatchResultError extends BrokerError {
  constructor(message: string, details?: BrokerErrorDetails) {
    super('ERR_DUAL_BATCH_RESULT', message, details);
  }
}

/** A call with this key is in flight, with another method or other arguments. Code `ERR_DUAL_DUPLICATE_KEY`. */
export class DuplicateKeyError extends BrokerError {
  constructor(message: string, details?: BrokerErrorDetails) {
    super('ERR_DUAL_DUPLICATE_KEY', message, details);
  }
}

/** The broker is closed or closing. Code `ERR_DUAL_BROKER_CLOSED`. */
export class BrokerClosedError extends BrokerError {
  constructor(message: string, details?: BrokerErrorDetails) {
    super('ERR_DUAL_BROKER_CLOSED', message, details);
  }
}

/** The child wrote bytes that are not a message of the channel. Code `ERR_DUAL_PROTOCOL`. */
export class ProtocolError extends BrokerError {
  constructor(message: string, details?: BrokerErrorDetails) {
    super('ERR_DUAL_PROTOCOL', message, details);
  }
}

/** Names stand here once more because a bundler may change those of the classes. */
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
