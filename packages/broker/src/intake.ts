import { randomUUID } from 'node:crypto';

import type { CallSite } from './call-site.js';
import { captureCallSite, withCallSite } from './call-site.js';
import { CallStream } from './call-stream.js';
import type { PendingCall } from './call.js';
import { payloadBytes } from './channel/frame.js';
import { encodeCall } from './channel/messages.js';
import type { Dispatcher } from './dispatcher.js';
import type { BrokerErrorDetails } from './errors.js';
import { SerializationError } from './errors.js';
import type { IncomingStream } from './incoming-stream.js';
import type { CallOptions } from './options.js';
import { isForStream } from './process/failure.js';
import { startError } from './process/supervisor.js';
import type { StartFailureReason } from './process/supervisor.js';
import { checkBatched, checkCall, closedError } from './refusals.js';
import type { Invoker } from './remote-proxy.js';
import type { ResolvedOptions } from './resolve-options.js';
import { resolveCallOptions } from './resolve-options.js';

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
        let call: PendingCall | undefined;
        const result = this.call({ method, args, options: undefined }, 4, (submitted) => {
          call = submitted;
          submitted.result.catch((error: unknown) => {
            // Who is still going to iterate it has nothing to handle.
            if (isForStream(error)) result.catch(() => undefined);
          });
        });
        return { result, cancel: () => call?.cancel() };
      },
      stream: (method, args) => this.stream({ method, args, options: undefined }, captureCallSite(3)),
    };
  }

  /**
   * Async, so that a call that is not taken rejects as one that failed does, and so that an error can tell where
   * the call is awaited: to note where each is made would cost more than all else that the broker does for it.
   */
  async call(
    invocation: Invocation,
    /** Frames of the broker's own at the top of the stack, as long as this has not waited. */
    frames: number,
    onSubmit?: (call: PendingCall) => void,
  ): Promise<unknown> {
    let own = frames;
    try {
      const call = this.#take(invocation, undefined, undefined);
      onSubmit?.(call);
      const result = this.#options.dispatcher.resultFor(call, invocation.options?.signal);
      own = 1;
      return await result;
    } catch (error) {
      throw withCallSite(error, captureCallSite(own));
    }
  }

  stream(invocation: Invocation, site: CallSite): CallStream {
    return new CallStream((chunks) => this.submit(invocation, site, chunks));
  }

  /** @param site Where the call was made: its error shows that. */
  submit(invocation: Invocation, site: CallSite, chunks?: IncomingStream): PendingCall {
    try {
      return this.#take(invocation, site, chunks);
    } catch (error) {
      throw withCallSite(error, site);
    }
  }

  #take(invocation: Invocation, site: CallSite | undefined, chunks: IncomingStream | undefined): PendingCall {
    const { method, args } = invocation;
    const { options, dispatcher } = this.#options;
    checkCall(method, args);
    checkBatched(method, args, options.batch);
    try {
      return this.#accept(invocation, site, chunks);
    } catch (error) {
      dispatcher.refused(method, error);
      throw error;
    }
  }

  #accept(
    { method, args, options: given }: Invocation,
    callSite: CallSite | undefined,
    chunks: IncomingStream | undefined,
  ): PendingCall {
    const options = resolveCallOptions(given, this.#options.options);
    const { key = randomUUID() } = options;
    const details = { key, method, started: false };
    if (!this.#options.isOpen()) throw closedError('it takes no more calls', details);
    const failure = this.#options.failure();
    if (failure !== undefined) throw startError(failure, details);
    const payload = encodeCall({ key, method, args });
    this.#checkSize(payloadBytes(payload), details);
    const findable = options.key !== undefined || callSite !== undefined;
    const call = this.#options.dispatcher.submit({
      key,
      method,
      payload,
      options,
      callSite,
      findable,
      chunks,
    });
    this.#options.onTaken();
    return call;
  }

  #checkSize(bytes: number, details: BrokerErrorDetails): void {
    const { maxMessageBytes } = this.#options.options;
    if (bytes <= maxMessageBytes) return;
    const message = `the arguments take ${bytes} bytes, more than maxMessageBytes (${maxMessageBytes})`;
    throw new SerializationError('args', message, details);
  }
}
