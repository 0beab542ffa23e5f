import { performance } from 'node:perf_hooks';
import { inspect } from 'node:util';

import { derivedKey } from '../channel/call-key.js';
import { fromCaller } from '../errors.js';
import type { AbortRing } from './abort-ring.js';
import type { CallScope, CurrentCall } from './context.js';
import { ProgressReporter, type ProgressReporterOptions } from './progress-reporter.js';
import { follow } from './thenable.js';

export interface RunningCallOptions {
  readonly id: number;
  readonly key: string | number;
  readonly method: string;
  readonly attempt: number;
  readonly traceparent: string | undefined;
  /** Whether the caller wants the chunks that the method yields, not a result. */
  readonly streams: boolean;
  /** How long it may run, in ms. */
  readonly timeout: number;
  /** The calls of a batch. */
  readonly members?: readonly RunningCall[] | undefined;
}

/** Settings that all calls of a process share. */
export interface RunningCallSetting extends ProgressReporterOptions {
  /** A random UUID. The keys of calls that were given none are derived from it. */
  readonly keySeries: string;
  /** Tells of abandoned calls before their messages can be read. */
  readonly aborted: Pick<AbortRing, 'look'>;
}

/** A call, or a batch of calls, while its method runs. */
export class RunningCall implements CallScope {
  readonly id: number;
  readonly streams: boolean;
  readonly method: string;
  readonly attempt: number;
  readonly traceparent: string | undefined;
  /** Set while it yields. */
  stream: { credit(chunks: number): void } | undefined;
  /** Made on first use, like the other fields that few methods use. */
  #view: CurrentCall | undefined;
  #controller: AbortController | undefined;
  /** `flagged`: the call is abandoned, and the event loop has not read the message yet. */
  #state: 'wanted' | 'flagged' | 'aborted' = 'wanted';
  #reason: Error | undefined;
  #fail: ((error: unknown) => void) | undefined;
  #failure: { readonly error: unknown } | undefined;
  #reporter: ProgressReporter | undefined;
  #ended = false;
  readonly #setting: RunningCallSetting;
  #key: string | number;
  /** When its timeout ends, by `performance.now()`. */
  #deadline: number;
  /** The calls of a batch. */
  readonly members: readonly RunningCall[] | undefined;
  #batch: RunningCall | undefined;

  constructor(options: RunningCallOptions, setting: RunningCallSetting) {
    const { id, streams, method, attempt, traceparent, key, timeout, members } = options;
    this.id = id;
    this.streams = streams;
    this.method = method;
    this.attempt = attempt;
    this.traceparent = traceparent;
    this.members = members;
    this.#key = key;
    this.#deadline = timeout === Infinity ? Infinity : performance.now() + timeout;
    this.#setting = setting;
    if (members === undefined) return;
    for (const member of members) member.#batch = this;
    if (this.isAbandoned) this.flag();
  }

  /** The pipeline's view of it. */
  get view(): CurrentCall {
    return (this.#view ??= viewOf(this));
  }

  get key(): string {
    if (typeof this.#key === 'number') this.#key = derivedKey(this.#setting.keySeries, this.#key);
    return this.#key;
  }

  /** The pipeline reports progress. */
  report(value: unknown): void {
    if (this.#ended) return;
    if (this.members === undefined) {
      this.#reporter ??= new ProgressReporter(this.id, this.#setting);
      this.#reporter.report(value);
    } else {
      for (const member of this.members) member.report(value);
    }
  }

  /** Whether it is abandoned. The latest news count, also if the pipeline blocks. */
  get cancelled(): boolean {
    this.#setting.aborted.look();
    return this.#state !== 'wanted';
  }

  get remainingTime(): number {
    if (this.members !== undefined) return Math.max(...this.members.map((member) => member.remainingTime));
    return this.#deadline === Infinity ? Infinity : Math.max(0, this.#deadline - performance.now());
  }

  /** It has waited for its reader for `ms`, which do not count. */
  postpone(ms: number): void {
    this.#deadline += ms;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#state === 'aborted') this.#controller.abort(this.reason);
      else this.#watch(this.#controller.signal);
    }
    return this.#controller.signal;
  }

  /** Why it is abandoned. */
  get reason(): Error {
    return (this.#reason ??= new DOMException('This operation was aborted', 'AbortError'));
  }

  /** Settles as the method's promise does, or rejects on an uncaught error in other code that the call started. */
  settled<T>(returned: PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      if (this.#failure !== undefined) this.fail(this.#failure.error);
      void follow(returned, resolve, reject);
    });
  }

  /** It is abandoned, and the pipeline may be computing: no listener of its signal may run now. */
  flag(): void {
    if (this.#state === 'wanted') this.#state = 'flagged';
    if (this.#batch?.isAbandoned === true) this.#batch.flag();
  }

  abort(): void {
    this.#state = 'aborted';
    this.#controller?.abort(this.reason);
    if (this.#batch?.isAbandoned === true) this.#batch.abort();
  }

  /** A batch goes on while one of its calls has a caller. */
  get isAbandoned(): boolean {
    return this.members?.every((member) => member.#state !== 'wanted') ?? this.#state !== 'wanted';
  }

  /** The call is about to be answered. No user code may run here: it could change the answer, which is encoded. */
  end(): void {
    this.#ended = true;
    this.#reporter?.end();
  }

  /** The call was answered. The message would come too late for the listeners of its signal. */
  answered(): void {
    if (this.#state === 'flagged') this.abort();
  }

  /** The first uncaught error in code that the call started. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#fail?.(error);
  }

  /** Makes a signal tell the truth while the event loop cannot. */
  #watch(signal: AbortSignal): void {
    Object.defineProperties(signal, {
      aborted: { get: () => this.cancelled, configurable: true },
      reason: { get: () => (this.cancelled ? this.reason : undefined), configurable: true },
      throwIfAborted: {
        value: () => {
          if (this.cancelled) throw this.reason;
        },
        configurable: true,
      },
    });
  }
}

const VIEW_METHODS = {
  /** The fields that a log can show. */
  toJSON(this: CurrentCall): object {
    const { key, method, attempt, traceparent } = this;
    return { key, method, attempt, traceparent };
  },
  [inspect.custom](this: CurrentCall): object {
    const { key, method, attempt, traceparent } = this;
    return { key, method, attempt, traceparent };
  },
};

/** All fields are its own, so that a copy by `{ ...currentCall() }` has them. */
function viewOf(call: RunningCall): CurrentCall {
  let progress: CurrentCall['progress'] | undefined;
  return {
    __proto__: VIEW_METHODS,
    method: call.method,
    attempt: call.attempt,
    traceparent: call.traceparent,
    get key() {
      return call.key;
    },
    get signal() {
      return call.signal;
    },
    get cancelled() {
      return call.cancelled;
    },
    get remainingTime() {
      return call.remainingTime;
    },
    get progress() {
      return (progress ??= (value) => {
        fromCaller(() => {
          call.report(value);
        }, progress);
      });
    },
    get calls() {
      return call.members?.map(({ view }) => view);
    },
  } as CurrentCall; // TypeScript takes `__proto__` for a property
}
