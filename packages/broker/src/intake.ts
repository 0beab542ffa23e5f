import { oversizeError } from './call/call-errors.js';
import { atCallSite, type CallSite, captureCallSite, withCallSite } from './call/call-site.js';
import { CallStream } from './call/call-stream.js';
import type { IncomingStream } from './call/incoming-stream.js';
import type { PendingCall } from './call/pending-call.js';
import { type Payload, payloadBytes } from './channel/frame.js';
import { type CallMessage, encodeCall } from './channel/messages.js';
import type { Dispatcher } from './dispatcher.js';
import {
  type BrokerErrorDetails,
  closedError,
  InvalidOptionError,
  kindOf,
  SerializationError,
} from './errors.js';
import type { CallOptions } from './options/options.js';
import { resolveCallOptions, type ResolvedCallOptions, type ResolvedOptions } from './options/resolve.js';
import { startError, type StartFailureReason } from './process/process-errors.js';
import type { Invoker } from './remote/remote-proxy.js';

/** A call as its caller makes it. */
export interface Invocation {
  readonly method: string;
  readonly args: readonly unknown[];
  readonly options: CallOptions | undefined;
}

export interface IntakeOptions {
  readonly options: ResolvedOptions;
  readonly dispatcher: Dispatcher;
  /** Why the broker takes no calls; `undefined` if it does. */
  readonly refusal: () => string | undefined;
  /** Why no process can run a call; `undefined` if one can. */
  readonly failure: () => StartFailureReason | undefined;
  /** Called after a call was accepted. */
  readonly onTaken: () => void;
}

/** The caller's wishes beside a result. */
interface Wanted {
  /** Takes the chunks that the method yields. */
  readonly chunks?: IncomingStream | undefined;
  /** Whether the caller may iterate the call instead of awaiting its result. */
  readonly maybeStream?: boolean;
}

/** Place of the latest call in the order of submission, over all brokers of the program. */
let lastOrder = 0;

/** Takes calls from their callers: checks them, encodes them, and returns a promise, a call or a stream. */
export class Intake {
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Makes the calls of `broker.pipeline`. */
  get invoker(): Invoker {
    return {
      call: (method, args) => {
        try {
          return this.#take({ method, args, options: undefined }, undefined, { maybeStream: true });
        } catch (error) {
          return { result: rejection(error, captureCallSite(3)), cancel: () => false };
        }
      },
      stream: (method, args) => this.stream({ method, args, options: undefined }, captureCallSite(2), 2),
    };
  }

  /**
   * Rejects also if the call is refused. The place of the call is not captured, which would cost more than the rest of
   * the parent's work for it: the error shows the functions that await it.
   * @param frames Number of the broker's own frames at the top of the stack.
   */
  call(invocation: Invocation, frames: number): Promise<unknown> {
    try {
      const options = this.#check(invocation);
      const call = this.#accept(invocation, options, undefined, {});
      if (options.signal !== undefined) return this.#options.dispatcher.resultFor(call, options.signal);
      // Other callers may share a keyed call. If one of them handles its failure, this one has not handled it.
      return options.key === undefined ? call.result : call.result.then((result) => result);
    } catch (error) {
      return rejection(error, captureCallSite(frames));
    }
  }

  /**
   * @param site The place of the call, for the stack of its error.
   * @param frames Number of the broker's own frames between a reader and its iterator, with that one.
   */
  stream(invocation: Invocation, site: CallSite, frames: number): CallStream {
    return new CallStream((chunks) => this.submit(invocation, site, chunks), frames);
  }

  /** @param site The place of the call, for the stack of its error. */
  submit(invocation: Invocation, site: CallSite, chunks?: IncomingStream): PendingCall {
    return atCallSite(site, () => this.#take(invocation, site, { chunks }));
  }

  #take(invocation: Invocation, site: CallSite | undefined, wanted: Wanted): PendingCall {
    return this.#accept(invocation, this.#check(invocation), site, wanted);
  }

  /** Reads the options, each of them once: it may be a getter. */
  #check({ method, args, options: given }: Invocation): ResolvedCallOptions {
    const { options, dispatcher } = this.#options;
    try {
      checkCall(method, args);
      checkBatched(method, args, options.batch);
      return resolveCallOptions(given, options);
    } catch (error) {
      dispatcher.refused(method, error);
      throw error;
    }
  }

  #accept(
    { method, args }: Invocation,
    options: ResolvedCallOptions,
    callSite: CallSite | undefined,
    { chunks, maybeStream = false }: Wanted,
  ): PendingCall {
    const { dispatcher } = this.#options;
    try {
      const { key } = options;
      const refusal = this.#options.refusal();
      if (refusal !== undefined) throw closedError(refusal, details(method, options));
      const failure = this.#options.failure();
      if (failure !== undefined) throw startError(failure, details(method, options));
      const order = (lastOrder += 1);
      const payload = encode({ method, key: key ?? order, args }, options);
      const bytes = payloadBytes(payload);
      const { maxMessageBytes } = this.#options.options;
      if (bytes > maxMessageBytes) throw oversizeError(bytes, maxMessageBytes, details(method, options));
      const findable = key !== undefined || callSite !== undefined;
      const request = { order, key, method, payload, options, callSite, findable, maybeStream, chunks };
      const call = dispatcher.submit(request);
      this.#options.onTaken();
      return call;
    } catch (error) {
      dispatcher.refused(method, error);
      throw error;
    }
  }
}

/** @throws {SerializationError} Names the call and the argument. */
function encode(call: CallMessage, options: ResolvedCallOptions): Payload {
  try {
    return encodeCall(call);
  } catch (error) {
    if (!(error instanceof SerializationError)) throw error;
    const { path, message, cause } = error;
    throw new SerializationError(path, message, { ...details(call.method, options), cause });
  }
}

/** @throws {InvalidOptionError} If a call is not given as a name and an array. */
function checkCall(method: unknown, args: unknown): void {
  if (typeof method !== 'string')
    throw new InvalidOptionError('method', `the method must be given by its name, not as ${kindOf(method)}`);
  if (!Array.isArray(args))
    throw new InvalidOptionError('args', `the arguments of ${method} must be given as an array`);
}

/** @throws {InvalidOptionError} If a call that joins a batch has more than one argument. */
function checkBatched(
  method: string,
  args: readonly unknown[],
  batch: Readonly<Record<string, unknown>>,
): void {
  if (args.length <= 1 || !Object.hasOwn(batch, method)) return;
  throw new InvalidOptionError(
    'args',
    `a call of ${method} must have one argument, because its calls make batches`,
  );
}

/** The promise of a refused call. */
function rejection(error: unknown, site: CallSite): Promise<never> {
  return new Promise(() => {
    throw withCallSite(error, site);
  });
}

/** The details of the error of a refused call. */
function details(method: string, { key }: ResolvedCallOptions): BrokerErrorDetails {
  return { key, method, started: false };
}
