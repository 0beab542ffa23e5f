import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

/** The call that the pipeline is running. */
export interface CurrentCall {
  /** The call's key. */
  readonly key: string;
  /** The method called. */
  readonly method: string;
  /** 0 the first time the call runs; 1 and more where it runs again after its process died. */
  readonly attempt: number;
  /** The trace it is part of, as its caller gave it: a W3C traceparent. */
  readonly traceparent: string | undefined;
  /**
   * Aborted when nobody waits for the call any more: it was cancelled or ran over its `timeout`. A pipeline
   * that blocks without a break cannot see it.
   */
  readonly signal: AbortSignal;
  /**
   * Tells those who wait for the call how far it is, also from code that blocks: any value that could be a result.
   * At most 500 values a second leave the process, after a burst of 32; of those above that the latest leaves as
   * soon as it may, and in any case before the result. Does nothing once the call has been answered.
   * @throws SerializationError where the value cannot cross.
   */
  readonly progress: (value: unknown) => void;
  /**
   * In a method that runs a batch: its calls, in the order of its argument. Of the batch itself `method` is the one
   * that runs it, `key` and `traceparent` are those of its first call, `attempt` is the highest; its `signal` is aborted when
   * nobody waits for any of its calls, and its `progress` is that of all. `undefined` in any other method.
   */
  readonly calls: readonly CurrentCall[] | undefined;
}

const STORAGE = Symbol.for('@dual/broker/current-call');

/** The call that code belongs to; `null` where it belongs to none, as what the pipeline's constructor started. */
type Origin = CurrentCall | null;

/** One storage for the process: the pipeline may have loaded another copy of this package than its host. */
function storage(): AsyncLocalStorage<Origin> {
  const known: unknown = Reflect.get(globalThis, STORAGE);
  if (known instanceof AsyncLocalStorage) return known as AsyncLocalStorage<Origin>;
  const created = new AsyncLocalStorage<Origin>();
  Object.defineProperty(globalThis, STORAGE, { value: created });
  return created;
}

const calls = storage();

/** The call being run, also in what it started asynchronously; `undefined` outside one. */
export function currentCall(): CurrentCall | undefined {
  return calls.getStore() ?? undefined;
}

/**
 * What the code belongs to that is running, or has just thrown an error that nobody caught. `undefined` where that is
 * not known: native code may lose it, and before Node 24 a callback of `queueMicrotask` that throws does.
 */
export function origin(): Origin | undefined {
  return calls.getStore();
}

/**
 * Runs `run`, and all that it starts, as part of `of`. In an async scope of its own: what it enters by `enterWith`, as
 * tracers do, is to be over when it returns.
 */
export function withOrigin<T>(of: Origin, run: () => T): T {
  return new AsyncResource('dual:call').runInAsyncScope(() => calls.run(of, run));
}
