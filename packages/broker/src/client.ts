import type { Call } from './call/call.js';
import type { BrokerState, ClientEvents, ClientStats } from './observe/broker-events.js';
import type { CallOptions } from './options/options.js';
import type {
  MethodArgs,
  MethodName,
  MethodResult,
  Remote,
  StreamChunk,
  StreamName,
} from './remote/remote.js';

/** Options of `close`. */
export interface CloseOptions {
  /**
   * Time for the unsettled calls to finish, in ms. After that they reject with `BrokerClosedError`.
   * @default Infinity
   */
  timeout?: number | undefined;
}

/** A pipeline, wherever it runs, and the ways to call it. */
export interface PipelineClient<P> extends AsyncDisposable {
  /**
   * The pipeline's methods: `client.pipeline.predict(image)`. Each returns a promise, or an async iterable if the
   * method yields its results.
   */
  readonly pipeline: Remote<P>;

  /** The state of the client now. */
  readonly state: BrokerState;

  /**
   * Calls a method. Resolves to its result; rejects with the pipeline's own error, or with a `BrokerError` that says
   * why there is no result.
   * @param method Name of the method.
   * @param args Its arguments. Their buffers must not change until the call has settled.
   * @param options Options of this call.
   */
  call<K extends MethodName<P>>(
    method: K,
    args: Readonly<MethodArgs<P, K>>,
    options?: CallOptions,
  ): Promise<MethodResult<P, K>>;

  /**
   * Calls a method, and returns the call: to inspect it, to wait for it, or to cancel it.
   * @param method Name of the method.
   * @param args Its arguments. Their buffers must not change until the call has settled.
   * @param options Options of this call.
   * @throws {BrokerError} If the call is refused: `QueueFullError`, `DuplicateKeyError`, `SerializationError`,
   * `BrokerClosedError`, `PipelineStartError`, `InvalidOptionError`, or `CallCancelledError` if its signal is aborted
   * already. The fate of an accepted call is told by its `result`.
   */
  submit<K extends MethodName<P>>(
    method: K,
    args: Readonly<MethodArgs<P, K>>,
    options?: CallOptions,
  ): Call<MethodResult<P, K>>;

  /**
   * Calls a method that yields its results, and iterates them with backpressure. The call is made when the first chunk
   * is asked for. There too the stream rejects if the call is refused; an error that ends it early comes after the
   * chunks before it. Leaving the loop (`break`, `return`) cancels the call. The stream can be read once.
   * @param method Name of the method.
   * @param args Its arguments. Their buffers must not change until the call has settled.
   * @param options Options of this call.
   */
  stream<K extends StreamName<P>>(
    method: K,
    args: Readonly<MethodArgs<P, K>>,
    options?: CallOptions,
  ): AsyncIterable<StreamChunk<P, K>>;

  /**
   * Finds a call that is in flight, or has settled not too long ago (see the option `keep`).
   * @param key Key of the call.
   */
  get(key: string): Call | undefined;

  /** The calls that have not settled, in the order of submission. */
  calls(): readonly Call[];

  /** Counts and measurements, now and since the client was made. */
  stats(): ClientStats;

  /**
   * Listens to an event. The listener is called in the async context in which the client was made.
   * @param event Its name.
   * @param listener Called after the event.
   */
  on(event: 'state', listener: (...args: ClientEvents['state']) => void): this;
  on(event: 'settle', listener: (...args: ClientEvents['settle']) => void): this;

  /**
   * Listens to the next such event only.
   * @param event Its name.
   * @param listener Called after the event.
   */
  once(event: 'state', listener: (...args: ClientEvents['state']) => void): this;
  once(event: 'settle', listener: (...args: ClientEvents['settle']) => void): this;

  /**
   * Ends what `on` or `once` began.
   * @param event Its name.
   * @param listener Called after the event.
   */
  off(event: 'state', listener: (...args: ClientEvents['state']) => void): this;
  off(event: 'settle', listener: (...args: ClientEvents['settle']) => void): this;

  /** Takes no more calls, and resolves when the unsettled ones have finished. */
  drain(): Promise<void>;

  /**
   * Takes no more calls, lets the unsettled ones finish, and ends. Resolves when everything is gone.
   * @param options How long the calls may take.
   */
  close(options?: CloseOptions): Promise<void>;
}
