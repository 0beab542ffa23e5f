import type { CurrentCall } from './context.js';
import type { OutgoingStream } from './outgoing-stream.js';
import type { ProgressReporterOptions } from './progress-reporter.js';
import { ProgressReporter } from './progress-reporter.js';
import { follow } from './thenable.js';

export interface RunningCallOptions {
  readonly id: number;
  readonly key: string;
  readonly method: string;
  readonly attempt: number;
  readonly traceparent: string | undefined;
  /** Whether what the method yields is wanted, rather than what it returns. */
  readonly streams: boolean;
  /** Its calls, where this is a batch. */
  readonly members?: readonly RunningCall[] | undefined;
}

/** Not an object literal with a getter: to make one takes as long as to run a small call does. */
class CallView implements CurrentCall {
  readonly key: string;
  readonly method: string;
  readonly attempt: number;
  readonly traceparent: string | undefined;
  readonly calls: readonly CurrentCall[] | undefined;
  readonly progress: (value: unknown) => void;
  readonly #call: RunningCall;

  constructor(call: RunningCall, options: RunningCallOptions, progress: (value: unknown) => void) {
    this.key = options.key;
    this.method = options.method;
    this.attempt = options.attempt;
    this.traceparent = options.traceparent;
    this.calls = options.members?.map(({ view }) => view);
    this.progress = progress;
    this.#call = call;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }
}

/** A call, or a batch of them, while its method runs. */
export class RunningCall {
  readonly id: number;
  readonly streams: boolean;
  /** Set while it yields. */
  stream: OutgoingStream | undefined;
  /** What the pipeline sees of it. */
  readonly view: CurrentCall;
  /** Made when it is first asked for: most methods never do. */
  #controller: AbortController | undefined;
  #aborted = false;
  #fail: ((error: unknown) => void) | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** Made when there is something to report. */
  #reporter: ProgressReporter | undefined;
  #ended = false;
  /** Its calls, where this is a batch. */
  readonly members: readonly RunningCall[] | undefined;
  #batch: RunningCall | undefined;

  constructor(options: RunningCallOptions, reports: ProgressReporterOptions) {
    const { id, streams, members } = options;
    this.id = id;
    this.streams = streams;
    this.members = members;
    for (const member of members ?? []) member.#batch = this;
    this.view = new CallView(this, options, (value) => {
      if (this.#ended) return;
      for (const { view } of members ?? []) view.progress(value);
      if (members !== undefined) return;
      this.#reporter ??= new ProgressReporter(id, reports);
      this.#reporter.report(value);
    });
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted) this.#controller.abort();
    return this.#controller.signal;
  }

  /** Settles as what the method returned does, or rejects when something else that the call started went wrong. */
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
    // A batch goes on while anybody waits for one of its calls.
    if (this.#batch?.members?.every((member) => member.#aborted) === true) this.#batch.abort();
  }

  /** The call is about to be answered. */
  end(): void {
    this.#ended = true;
    this.#reporter?.end();
  }

  /** What went wrong beside the method, so far. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#fail?.(error);
  }
}
