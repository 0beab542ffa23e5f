import { AsyncLocalStorage } from 'node:async_hooks';

/** The call that the pipeline is running. */
export interface CurrentCall {
  /** The call's key. */
  readonly key: string;
  /** The method called. */
  readonly method: string;
  /** 0 the first time the call runs; 1 and more where it runs again after its process died. */
  readonly attempt: number;
  /**
   * Aborted when nobody waits for the call any more: it was cancelled or ran over its `timeout`. A pipeline
   * that blocks without a break cannot see it.
   */
  readonly signal: AbortSignal;
}

const STORAGE = Symbol.for('@dual/broker/current-call');

/** One storage for the process: the pipeline may have loaded another copy of this package than its host. */
function storage(): AsyncLocalStorage<CurrentCall> {
  const known: unknown = Reflect.get(globalThis, STORAGE);
  if (known instanceof AsyncLocalStorage) return known as AsyncLocalStorage<CurrentCall>;
  const created = new AsyncLocalStorage<CurrentCall>();
  Object.defineProperty(globalThis, STORAGE, { value: created });
  return created;
}

const calls = storage();

/** The call being run, also in what it started asynchronously; `undefined` outside one. */
export function currentCall(): CurrentCall | undefined {
  return calls.getStore();
}

/** Runs `run` as part of `call`. */
export function withCall<T>(call: CurrentCall, run: () => T): T {
  return calls.run(call, run);
}
