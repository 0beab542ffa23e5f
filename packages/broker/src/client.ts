import type { Call } from './call/call.js';
import type { CallOptions } from './options/options.js';
import type {
  MethodArgs,
  MethodName,
  MethodResult,
  Remote,
  StreamChunk,
  StreamName,
} from './remote/remote.js';

/** How long `close` waits. */
export interface CloseOptions {
  /**
   * How long calls in flight may take to finish, in ms; then they reject with `BrokerClosedError`. Default
   * `Infinity`.
   */
  timeout?: number | undefined;
}

/** What can be done with a pipeline, wherever it runs. */
export interface PipelineClient<P> extends AsyncDisposable {
  /**
   * The pipeline's methods, each returning a promise, or an async iterable where it yields:
   * `client.pipeline.predict(image)`.
   */
  readonly pipeline: Remote<P>;

  /**
   * Calls a method and resolves to its result. Rejects with the pipeline's own error, or with a `BrokerError`
   * that says why there is none.
   */
  call<K extends MethodName<P>>(
    method: K,
    args: Readonly<MethodArgs<P, K>>,
    options?: CallOptions,
  ): Promise<MethodResult<P, K>>;

  /**
   * Calls a method and returns the call, to be looked at, waited for or cancelled.
   * @throws QueueFullError, DuplicateKeyError, SerializationError, BrokerClosedError, PipelineStartError,
   * CallCancelledError (aborted before) or InvalidOptionError at once, where the call is not taken; what happens to a taken call, its `result` says.
   */
  submit<K extends MethodName<P>>(
    method: K,
    args: Readonly<MethodArgs<P, K>>,
    options?: CallOptions,
  ): Call<MethodResult<P, K>>;

  /**
   * Calls a method that yields, and gives what it yields, as fast as that is read. The call is made when the first
   * chunk is asked for; what refuses it, or ends it early, is told there, after the chunks that came before. To leave
   * (`break`, `return`) is to cancel. One reader reads it once.
   */
  stream<K extends StreamName<P>>(
    method: K,
    args: Readonly<MethodArgs<P, K>>,
    options?: CallOptions,
  ): AsyncIterable<StreamChunk<P, K>>;

  /** The call of that key: in flight, or settled not too long ago (see the option `keep`). */
  get(key: string): Call | undefined;

  /** Takes no more calls, lets those it has finish, and ends. Resolves when all is gone. */
  close(options?: CloseOptions): Promise<void>;
}
