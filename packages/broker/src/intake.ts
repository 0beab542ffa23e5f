import type { PendingCall } from './call/call.js';
import { type CallSite, captureCallSite, withCallSite } from './call/call-site.js';
import { CallStream } from './call/call-stream.js';
import type { IncomingStream } from './call/incoming-stream.js';
import { payloadBytes } from './channel/frame.js';
import { encodeCall } from './channel/messages.js';
import type { Dispatcher } from './dispatcher.js';
import { type BrokerErrorDetails, SerializationError } from './errors.js';
import type { CallOptions } from './options/options.js';
import { resolveCallOptions, type ResolvedCallOptions, type ResolvedOptions } from './options/resolve.js';
import { startError, type StartFailureReason } from './process/supervisor.js';
import { checkBatched, checkCall, closedError } from './refusals.js';
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
  /** Whether the broker takes calls. */
  readonly isOpen: () => boolean;
  /** Why it could not run any; `undefined` where it could. */
  readonly failure: () => StartFailureReason | undefined;
  /** Called when a call was taken. */
  readonly onTaken: () => void;
}

/** What is to come of a call beside its result. */
interface Wanted {
  /** Where what the method yields is to arrive. */
  readonly chunks?: IncomingStream | undefined;
  /** Whether the caller may turn out to want that, and leave the result alone. */
  readonly maybeStream?: boolean;
}

/** The number of the last call that was given no key. */
let lastKey = 0;

/** Takes calls from their callers: checks them, encodes them, and gives each caller what was asked for. */
export class Intake {
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** How `broker.pipeline` calls. */
  get invoker(): Invoker {
    return {
      call: (method, args) => {
        try {
          return this.#take({ method, args, options: undefined }, undefined, { maybeStream: true });
        } catch (error) {
          return { result: rejection(error, captureCallSite(3)), cancel: () => false };
        }
      },
      stream: (method, args) => this.stream({ method, args, options: undefined }, captureCallSite(3)),
    };
  }

  /**
   * Rejects where the call is not taken, too. Where the call was made is not noted, since that would cost more than all
   * else that the broker does for it: its error tells where it is awaited.
   * @param frames Of the broker's own at the top of the stack.
   */
  call(invocation: Invocation, frames: number): Promise<unknown> {
    try {
      const call = this.#take(invocation, undefined, {});
      const { signal, key } = invocation.options ?? {};
      if (signal !== undefined) return this.#options.dispatcher.resultFor(call, signal);
      // Others may share a call that has a key: that they handle its failure does not mean that this caller has.
      return key === undefined ? call.result : call.result.then((result) => result);
    } catch (error) {
      return rejection(error, captureCallSite(frames));
    }
  }

  stream(invocation: Invocation, site: CallSite): CallStream {
    return new CallStream((chunks) => this.submit(invocation, site, chunks));
  }

  /** @param site Where the call was made: its error shows that. */
  submit(invocation: Invocation, site: CallSite, chunks?: IncomingStream): PendingCall {
    try {
      return this.#take(invocation, site, { chunks });
    } catch (error) {
      throw withCallSite(error, site);
    }
  }

  #take(invocation: Invocation, site: CallSite | undefined, wanted: Wanted): PendingCall {
    const { method, args } = invocation;
    const { options, dispatcher } = this.#options;
    checkCall(method, args);
    checkBatched(method, args, options.batch);
    try {
      return this.#accept(invocation, site, wanted);
    } catch (error) {
      dispatcher.refused(method, error);
      throw error;
    }
  }

  #accept(
    { method, args, options: given }: Invocation,
    callSite: CallSite | undefined,
    { chunks, maybeStream = false }: Wanted,
  ): PendingCall {
    const options = resolveCallOptions(given, this.#options.options);
    if (!this.#options.isOpen()) throw closedError('it takes no more calls', details(method, options));
    const failure = this.#options.failure();
    if (failure !== undefined) throw startError(failure, details(method, options));
    const key = options.key ?? (lastKey += 1);
    const payload = encodeCall({ method, key, args });
    this.#checkSize(payloadBytes(payload), method, options);
    const findable = options.key !== undefined || callSite !== undefined;
    const request = { key, method, payload, options, callSite, findable, maybeStream, chunks };
    const call = this.#options.dispatcher.submit(request);
    this.#options.onTaken();
    return call;
  }

  #checkSize(bytes: number, method: string, options: ResolvedCallOptions): void {
    const { maxMessageBytes } = this.#options.options;
    if (bytes <= maxMessageBytes) return;
    const message = `the arguments take ${bytes} bytes, more than maxMessageBytes (${maxMessageBytes})`;
    throw new SerializationError('args', message, details(method, options));
  }
}

/** What a call that is not taken returns. */
function rejection(error: unknown, site: CallSite): Promise<never> {
  return new Promise(() => {
    throw withCallSite(error, site);
  });
}

/** Of a call that is not taken. */
function details(method: string, { key }: ResolvedCallOptions): BrokerErrorDetails {
  return { key, method, started: false };
}
