import { inspect } from 'node:util';

import { derivedKey } from '../channel/call-key.js';
import type { CurrentCall } from './context.js';
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
  /** The calls of a batch. */
  readonly members?: readonly RunningCall[] | undefined;
}

/** Settings that all calls of a process share. */
export interface RunningCallSetting extends ProgressReporterOptions {
  /** A random UUID. The keys of calls that were given none are derived from it. */
  readonly keySeries: string;
}

/**
 * A class, because an object literal with getters takes as long to make as a small call takes to run. Fields that few
 * methods use are made on first use.
 */
class CallView implements CurrentCall {
  readonly method: string;
  readonly attempt: number;
  readonly traceparent: string | undefined;
  readonly #call: RunningCall;
  #key: string | number;
  #progress: ((value: unknown) => void) | undefined;

  constructor(call: RunningCall, { key, method, attempt, traceparent }: RunningCallOptions) {
    this.#key = key;
    this.method = method;
    this.attempt = attempt;
    this.traceparent = traceparent;
    this.#call = call;
  }

  get key(): string {
    if (typeof this.#key === 'number') this.#key = derivedKey(this.#call.keySeries, this.#key);
    return this.#key;
  }

  get calls(): readonly CurrentCall[] | undefined {
    return this.#call.members?.map(({ view }) => view);
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  get progress(): (value: unknown) => void {
    return (this.#progress ??= (value) => {
      this.#call.report(value);
    });
  }

  /** The fields that a log can show. */
  toJSON(): object {
    const { key, method, attempt, traceparent } = this;
    return { key, method, attempt, traceparent };
  }

  [inspect.custom](): object {
    return this.toJSON();
  }
}

/** A call, or a batch of calls, while its method runs. */
export class RunningCall {
  readonly id: number;
  readonly streams: boolean;
  /** Set while it yields. */
  stream: { credit(chunks: number): void } | undefined;
  /** The pipeline's view of it. */
  readonly view: CurrentCall;
  /** Made on first use. Most methods never use it. */
  #controller: AbortController | undefined;
  #aborted = false;
  #fail: ((error: unknown) => void) | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** Made on the first report. */
  #reporter: ProgressReporter | undefined;
  #ended = false;
  readonly #setting: RunningCallSetting;
  /** The calls of a batch. */
  readonly members: readonly RunningCall[] | undefined;
  #batch: RunningCall | undefined;

  constructor(options: RunningCallOptions, setting: RunningCallSetting) {
    const { id, streams, members } = options;
    this.id = id;
    this.streams = streams;
    this.members = members;
    this.#setting = setting;
    if (members !== undefined) for (const member of members) member.#batch = this;
    this.view = new CallView(this, options);
  }

  get keySeries(): string {
    return this.#setting.keySeries;
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

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted) this.#controller.abort();
    return this.#controller.signal;
  }

  /** Settles as the method's promise does, or rejects on an uncaught error in other code that the call started. */
  settled<T>(returned: PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      if (this.#failure !== undefined) this.fail(this.#failure.error);
      void follow(returned, resolve, reject);
    });
  }

  abort(): void {
    this.#aborted = true;
    this.#controller?.abort();
    // A batch goes on while one of its calls has a caller.
    if (this.#batch?.members?.every((member) => member.#aborted) === true) this.#batch.abort();
  }

  /** The call is about to be answered. */
  end(): void {
    this.#ended = true;
    this.#reporter?.end();
  }

  /** The first uncaught error in code that the call started. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#fail?.(error);
  }
}
