import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

/** The call that the pipeline is running. */
export interface CurrentCall {
  /** Key of the call. */
  readonly key: string;
  /** The method that was called. In a batch method, the method that runs the batch. */
  readonly method: string;
  /** How often the call has run before: 0, or more if its process died and `retries` allows another run. */
  readonly attempt: number;
  /** The W3C traceparent that the caller gave; `undefined` if it gave none. */
  readonly traceparent: string | undefined;
  /**
   * Aborted when the call is cancelled, or runs longer than its `timeout`. `aborted`, `reason` and `throwIfAborted()` tell
   * the truth also in the middle of code that blocks. Only the event `abort` needs a turn of the event loop.
   */
  readonly signal: AbortSignal;
  /** The same as `signal.aborted`, as a flag that takes some 20 ns to read: for a loop. */
  readonly cancelled: boolean;
  /** Time until the `timeout` of the call, in ms; 0 if it is over, `Infinity` if there is none. In a batch, the longest. */
  readonly remainingTime: number;
  /**
   * Reports progress to the callers, also from code that blocks. The value can be anything that could be a result. A
   * process sends at most 500 values a second, after a burst of 32. Above that rate only the latest value waits; it is
   * sent as soon as possible, and always before the result. Does nothing after the call was answered.
   * @throws {SerializationError} If the value cannot cross.
   */
  readonly progress: (value: unknown) => void;
  /**
   * In a batch method: its calls, in the order of the argument. The batch itself has the `key` and `traceparent` of its
   * first call and the highest `attempt`. Its `signal` is aborted when all of its calls are, and its `progress` reports for
   * all of them. `undefined` in any other method.
   */
  readonly calls: readonly CurrentCall[] | undefined;
}

const STORAGE = Symbol.for('@dual/broker/current-call');

/** What the storage holds for each call. */
export interface CallScope {
  /** The pipeline's view of the call. Made when it is first asked for. */
  readonly view: CurrentCall;
}

/** The call that code belongs to; `null` if it belongs to none, such as code that the constructor started. */
type Origin = CallScope | null;

/** One storage for the whole process: the pipeline may load another copy of this package than its host. */
function storage(): AsyncLocalStorage<Origin> {
  const known: unknown = Reflect.get(globalThis, STORAGE);
  if (known instanceof AsyncLocalStorage) return known as AsyncLocalStorage<Origin>;
  const created = new AsyncLocalStorage<Origin>();
  Object.defineProperty(globalThis, STORAGE, { value: created });
  return created;
}

const calls = storage();

/** The call that is running, also in asynchronous code that it started; `undefined` outside a call. */
export function currentCall(): CurrentCall | undefined {
  return calls.getStore()?.view;
}

/**
 * The call of the code that is running, or that has just thrown an uncaught error. `undefined` if it is not known: native
 * code may lose the async context, and before Node 24 a callback of `queueMicrotask` that throws loses it too.
 */
export function origin(): Origin | undefined {
  return calls.getStore();
}

/**
 * Runs `run`, and everything that it starts, as part of `of`. It gets an async scope of its own, so that a context that it
 * enters by `enterWith`, as tracers do, ends when it returns.
 */
export function withOrigin<T>(of: Origin, run: () => T): T {
  return new AsyncResource('dual:call').runInAsyncScope(() => calls.run(of, run));
}
