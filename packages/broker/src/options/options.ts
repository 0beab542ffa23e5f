import type { BatchMethodName, FactoryArgs, MethodName, PipelineOf } from '../remote/remote.js';

/** How often, and how fast, a process that ended is replaced. */
export interface RestartOptions {
  /**
   * Restarts in a row, within `within`, after which the broker gives up and is `failed`. A process that has
   * answered a call clears the count; one that the broker itself ended does not count. Default 5; 0 = never
   * restart.
   */
  limit?: number | undefined;
  /** The span over which restarts are counted, in ms. Default 60 000. */
  within?: number | undefined;
  /** Pause before the first restart, in ms; doubled for each further one, with jitter. Default 50. */
  minDelay?: number | undefined;
  /** The longest pause, in ms. Default 5 000. */
  maxDelay?: number | undefined;
}

/** How long a process may go on with a call that nobody waits for any more, before it is killed. */
export interface KillDelayOptions {
  /** After a call ran over its `timeout`, in ms. Default 2 000; `Infinity` = never kill. */
  timeout?: number | undefined;
  /** After a running call was cancelled, in ms. Default 30 000; `Infinity` = never kill. */
  cancel?: number | undefined;
}

/** When a process is replaced between two calls, though nothing is wrong with it. No call is lost by it. */
export interface RecycleOptions {
  /** After so many calls. Default `Infinity`. */
  afterCalls?: number | undefined;
  /** Above so many bytes of resident memory, which native memory is part of. Default `Infinity`. */
  aboveMemory?: number | undefined;
  /** After so many ms. Default `Infinity`. */
  afterMs?: number | undefined;
}

/** Memory that the broker's process and the pipeline's both see, for large buffers. */
export interface SharedMemoryOptions {
  /**
   * Bytes of it for each process, half of them for each direction: from 1 MiB to 4 GiB. What does not fit goes
   * through the pipes. What was never used takes no memory. Default 64 MiB.
   */
  size?: number | undefined;
  /** Bytes that a buffer must have to go through it: from 16 KiB to 16 MiB. Default 64 KiB. */
  threshold?: number | undefined;
}

/** Which settled calls `get(key)` still finds. */
export interface KeepOptions {
  /** How many. Default 1 000. */
  results?: number | undefined;
  /** How many bytes of results, as received, altogether. Default 64 MiB. */
  bytes?: number | undefined;
  /** How long after they settled, in ms. Default 300 000. */
  forMs?: number | undefined;
}

/** One line of a child's output. */
export interface OutputInfo {
  /** Which of its streams. */
  stream: 'stdout' | 'stderr';
  /** The child's process id. */
  pid: number;
}

/** Where a child's stdout and stderr go. A function is called once a line, without the line end. */
export type OutputOption = 'inherit' | 'ignore' | ((line: string, info: OutputInfo) => void);

/** How calls of one method make batches. */
export interface BatchOptions<M extends string = string> {
  /**
   * The method that runs a batch: it takes an array of what the single method takes, and returns an array, of the
   * same order, of what that returns, or of an `Error` where a call is to reject.
   */
  method: M;
  /** The most calls of a batch. Default 32. */
  maxSize?: number | undefined;
  /**
   * How long the first call of a batch waits for others, in ms. Default `'auto'`: as long as the measured rate of
   * calls, and the measured cost of batches, make it worth while, and not at all for a lone caller.
   */
  maxDelay?: number | 'auto' | undefined;
}

/** Variables of an environment; `undefined` removes one. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Options of a broker that do not depend on its pipeline. */
export interface CommonOptions {
  /**
   * How many processes run the pipeline, each with an instance of its own. A call goes to one that has nothing to
   * do. Default 1; at most 1 024.
   */
  processes?: number | undefined;
  /**
   * How many calls run at once in one process: of use where the pipeline is asynchronous, since a method that
   * computes blocks the others. Default 1; `Infinity` = as many as there are.
   */
  concurrency?: number | undefined;
  /** The export of the module that makes the pipeline. Default: `default`, else `makePipeline`. */
  export?: string | undefined;
  /** The only methods that may be called. Default: all public methods of the pipeline. */
  expose?: readonly string[] | undefined;
  /** Calls that may wait. Default 10 000. */
  maxQueue?: number | undefined;
  /** Bytes of arguments that may wait; a call that has more may wait alone. Default 256 MiB. */
  maxQueueBytes?: number | undefined;
  /** Longest single message in either direction, in bytes. Default 1 GiB. */
  maxMessageBytes?: number | undefined;
  /** How long module and constructor may take, in ms. Default 600 000 (models load for minutes). */
  startTimeout?: number | undefined;
  /** How long a call may run, in ms, unless the call says otherwise. Default `Infinity`. */
  timeout?: number | undefined;
  /** How long a call may wait, in ms, unless the call says otherwise. Default `Infinity`. */
  queueTimeout?: number | undefined;
  /** How often, and how fast, a process that ended is replaced. */
  restart?: RestartOptions | undefined;
  /** How long a process may go on with a call that nobody waits for any more, before it is killed. */
  killDelay?: KillDelayOptions | undefined;
  /** When a process is replaced though nothing is wrong with it. Default: never. */
  recycle?: RecycleOptions | undefined;
  /** Which settled calls `get(key)` still finds. */
  keep?: KeepOptions | undefined;
  /**
   * Variables added to the environment the child inherits; `undefined` removes one. A function is called once for
   * each process, with its index from 0, when the broker is made: `(index) => ({ CUDA_VISIBLE_DEVICES: `${index}` })`.
   */
  env?: Environment | ((index: number) => Environment) | undefined;
  /** Node's own flags for the child. Default: those of this process, without the inspector's. */
  execArgv?: readonly string[] | undefined;
  /** The child's working directory. Default: that of this process. */
  cwd?: string | undefined;
  /**
   * Typed arrays and buffers of 64 KiB and more go through memory that both processes map, as far as there is room,
   * and up to 16 MiB in one message. A call's arguments are copied into it when the call is sent. In the pipeline
   * those that came through it last as long as the call: they are detached, and so empty, when it has ended.
   *
   * Takes Linux, and the package `koffi`, version 3. Default: used where these are there. `true`, or an object: refused
   * where they are not. `false`: not used.
   */
  sharedMemory?: boolean | SharedMemoryOptions | undefined;
  /** Where the child's output goes. Default `'inherit'`. */
  output?: OutputOption | undefined;
  /** File of the child's entry, where a bundler moved it. Default: the one in this package. */
  workerPath?: string | URL | undefined;
}

/** By the name of a method, how its calls make batches. */
export type BatchesOf<P> = {
  readonly [K in MethodName<P> as [BatchMethodName<P, K>] extends [never] ? never : K]?:
    BatchOptions<BatchMethodName<P, K>> | undefined;
};

/** Options of a broker whose pipeline is made by the export `C`. */
export type BrokerOptions<C> = CommonOptions & {
  /**
   * Methods whose calls are gathered, to be run together: `{ predict: { method: 'predictBatch' } }`. A call of such a
   * method has one argument.
   */
  batch?: BatchesOf<PipelineOf<C>> | undefined;
} & ([] extends FactoryArgs<C>
    ? {
        /** What the pipeline is constructed with. */
        args?: Readonly<FactoryArgs<C>> | undefined;
      }
    : {
        /** What the pipeline is constructed with. */
        args: Readonly<FactoryArgs<C>>;
      });

/** Options, which may be left out where the pipeline is made without arguments. */
export type OptionsArg<C> =
  [] extends FactoryArgs<C> ? [options?: BrokerOptions<C>] : [options: BrokerOptions<C>];

/** Options of one call. */
export interface CallOptions {
  /**
   * Names the call. A key in flight joins the call that has it when method and arguments agree, and is a
   * `DuplicateKeyError` otherwise. Of the options of one who joins only `signal` and `onProgress` count, and only
   * for them.
   * Default: a random UUID.
   */
  key?: string | undefined;
  /** Cancels the call. */
  signal?: AbortSignal | undefined;
  /** How long the call may run, in ms; the clock starts when it starts. Default: the broker's. */
  timeout?: number | undefined;
  /** How long the call may wait, in ms; the clock starts when it is submitted. Default: the broker's. */
  queueTimeout?: number | undefined;
  /** Higher goes first; equals go in the order they were submitted. Default 0. */
  priority?: number | undefined;
  /** How often the call may run again after its process died under it. Default 0. */
  retries?: number | undefined;
  /**
   * Calls of the same affinity run in the same process, while that lives: for sessions that leave something there.
   * They start in order, but others may go past one that waits for its process. Default: any process will do.
   */
  affinity?: string | undefined;
  /**
   * Called with what the pipeline reports by `currentCall().progress(value)`, before the call settles; also with the
   * latest value so far, where the call joins one in flight. What it throws is an uncaught exception.
   */
  onProgress?: ((value: unknown) => void) | undefined;
  /**
   * The trace that the call is part of, as the W3C header `traceparent` names it; the pipeline finds it in
   * `currentCall().traceparent`. Default: none.
   */
  traceparent?: string | undefined;
}
