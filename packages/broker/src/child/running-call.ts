import type { CurrentCall } from './context.js';

/** A call while its method runs. */
export class RunningCall {
  readonly id: number;
  readonly key: string;
  readonly method: string;
  readonly attempt: number;
  /** What the pipeline sees of it. */
  readonly view: CurrentCall;
  /** Made when it is first asked for: most methods never do. */
  #controller: AbortController | undefined;
  #aborted = false;
  #fail: ((error: unknown) => void) | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor({ id, key, method, attempt }: Pick<RunningCall, 'id' | 'key' | 'method' | 'attempt'>) {
    this.id = id;
    this.key = key;
    this.method = method;
    this.attempt = attempt;
    const signal = (): AbortSignal => this.#signal;
    this.view = {
      key,
      method,
      attempt,
      get signal() {
        return signal();
      },
    };
  }

  get #signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted) this.#controller.abort();
    return this.#controller.signal;
  }

  /** Rejects when something that the call started went wrong. */
  get failed(): Promise<never> {
    return new Promise<never>((_resolve, reject) => {
      this.#fail = reject;
      if (this.#failure !== undefined) this.fail(this.#failure.error);
    });
  }

  abort(): void {
    this.#aborted = true;
    this.#controller?.abort();
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
