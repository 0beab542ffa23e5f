import type {
  BatchMethodName,
  CannotBatch,
  FactoryArgs,
  MethodName,
  PipelineOf,
  StreamName,
} from '../remote/remote.js';

/** How often, and how fast, a process that ended is replaced. */
export interface RestartOptions {
  /**
   * Number of restarts in a row, within `within`, after which a process is given up. If no other process runs, the broker
   * is `failed` then. Otherwise the process is tried again after `within`. 0: never restart. The count starts again when
   * a process answers a call. A process that the broker itself ended does not count.
   * @default 5
   */
  limit?: number | undefined;
  /**
   * The time over which restarts are counted, in ms.
   * @default 60_000
   */
  within?: number | undefined;
  /**
   * Pause before the first restart, in ms. Doubled for each further restart, with jitter.
   * @default 50
   */
  minDelay?: number | undefined;
  /**
   * The longest pause, in ms.
   * @default 5_000
   */
  maxDelay?: number | undefined;
  /**
   * Number of further tries if the module or the constructor throws, or takes longer than `startTimeout`, before the broker
   * was ready for the first time. The same code would as a rule fail again. A process that crashes while it starts is
   * replaced in any case, up to `limit`.
   * @default 0
   */
  atStart?: number | undefined;
}

/** How long a process may go on with an abandoned call before it is killed. */
export interface KillDelayOptions {
  /**
   * Time after a call ran longer than its `timeout`, in ms. `Infinity`: never kill.
   * @default 2_000
   */
  timeout?: number | undefined;
  /**
   * Time after a running call was cancelled, in ms. `Infinity`: never kill.
   * @default 30_000
   */
  cancel?: number | undefined;
}

/** When a healthy process is replaced between two calls. No call is lost. */
export interface RecycleOptions {
  /**
   * After this number of calls.
   * @default Infinity
   */
  afterCalls?: number | undefined;
  /**
   * When its resident memory, native memory included, exceeds this, in bytes.
   * @default Infinity
   */
  aboveMemory?: number | undefined;
  /**
   * After this time, in ms.
   * @default Infinity
   */
  afterMs?: number | undefined;
}

/** Bounds of what a process may use. A process that exceeds one is ended at once, also in the middle of a call. */
export interface LimitOptions {
  /**
   * Resident memory, native memory included and the memory that it shares with the broker excepted, in bytes: at least
   * 64 MiB, of which Node itself takes most. It is checked every 50 ms.
   * @default Infinity
   */
  memory?: number | undefined;
}

/** Memory for large buffers that the broker's process and the pipeline's process both map. */
export interface SharedMemoryOptions {
  /**
   * Size for each process, in bytes, from 1 MiB to 4 GiB. Each direction gets half of it. Buffers that do not fit go
   * through the pipes. Parts that were never used take no physical memory.
   * @default 64 MiB
   */
  size?: number | undefined;
  /**
   * Least length of a buffer that goes through it, in bytes, from 16 KiB to 16 MiB.
   * @default 64 KiB
   */
  threshold?: number | undefined;
}

/** Which settled calls `get(key)` can still find. */
export interface KeepOptions {
  /**
   * Number of calls.
   * @default 1_000
   */
  results?: number | undefined;
  /**
   * Length of all results together, as received, in bytes.
   * @default 64 MiB
   */
  bytes?: number | undefined;
  /**
   * Time since they settled, in ms.
   * @default 300_000
   */
  forMs?: number | undefined;
}

/** The origin of a line of output. */
export interface OutputInfo {
  /** The stream on which the child wrote it. */
  stream: 'stdout' | 'stderr';
  /** Process id of the child. */
  pid: number;
}

/** The target of a child's stdout and stderr. A function is called once per line, without the line end. */
export type OutputOption = 'inherit' | 'ignore' | ((line: string, info: OutputInfo) => void);

/** How the calls of one method make batches. */
export interface BatchOptions<M extends string = string> {
  /**
   * The method that runs a batch. It takes an array of the single method's arguments, and returns an array of its results
   * in the same order. An `Error` in the array rejects that call alone.
   */
  method: M;
  /**
   * Most calls of one batch, from 1 to 65,536.
   * @default 32
   */
  maxSize?: number | undefined;
  /**
   * How long the first call of a batch waits for others, in ms. `'auto'`: as long as the measured rate of calls and the
   * measured cost of batches make it pay. A lone caller then never waits.
   * @default 'auto'
   */
  maxDelay?: number | 'auto' | undefined;
}

/** Variables of an environment. `undefined` removes one. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The number of processes follows the load: a call that finds no free process starts one, and an idle one ends. */
export interface ProcessRange {
  /**
   * Fewest processes, from 0. `start()` brings up as many. With 0, a model that nobody uses takes no memory, and the next
   * call waits until the model is loaded.
   * @default 0
   */
  min?: number | undefined;
  /**
   * Most processes, from 1 to 1,024.
   * @default 1, or min if that is more
   */
  max?: number | undefined;
  /**
   * Time without a call after which a process above `min` ends, in ms.
   * @default 60_000
   */
  idleAfter?: number | undefined;
}

/** Options of a broker that do not depend on its pipeline. */
export interface CommonOptions {
  /**
   * Number of processes, from 1 to 1,024, each with its own instance of the pipeline. A call goes to an idle one. Or the
   * range in which it follows the load.
   * @default 1
   */
  processes?: number | ProcessRange | undefined;
  /**
   * Number of calls that run at once in one process. It helps if the pipeline is asynchronous. A method that computes
   * blocks the others. `Infinity`: as many as there are.
   * @default 1
   */
  concurrency?: number | undefined;
  /**
   * Name of the export that makes the pipeline.
   * @default 'default', else 'makePipeline'
   */
  export?: string | undefined;
  /**
   * Most calls that may wait. A call that a process can take now, or as soon as it is ready, is accepted all the same. So
   * with 0 a call is accepted if it can run at once. A call of an affinity can run only in the process of its affinity.
   * @default 10_000
   */
  maxQueue?: number | undefined;
  /**
   * Most bytes of arguments that may wait, and most that one process has at once. A call that has more may wait, or run,
   * alone. A call right after `ready()` may exceed it.
   * @default 256 MiB
   */
  maxQueueBytes?: number | undefined;
  /**
   * Longest single message in either direction, in bytes.
   * @default 1 GiB
   */
  maxMessageBytes?: number | undefined;
  /**
   * How long loading the module and constructing the pipeline may take, in ms. Models may load for minutes.
   * @default 600_000
   */
  startTimeout?: number | undefined;
  /**
   * How long a call may run, in ms, unless the call's own options say otherwise.
   * @default Infinity
   */
  timeout?: number | undefined;
  /**
   * How long a call may wait, in ms, unless the call's own options say otherwise.
   * @default Infinity
   */
  queueTimeout?: number | undefined;
  /**
   * How often, and how fast, a process that ended is replaced.
   * @default { limit: 5, within: 60_000, minDelay: 50, maxDelay: 5_000, atStart: 0 }
   */
  restart?: RestartOptions | undefined;
  /**
   * How long a process may go on with an abandoned call before it is killed.
   * @default { timeout: 2_000, cancel: 30_000 }
   */
  killDelay?: KillDelayOptions | undefined;
  /**
   * When a healthy process is replaced between two calls.
   * @default { afterCalls: Infinity, aboveMemory: Infinity, afterMs: Infinity }
   */
  recycle?: RecycleOptions | undefined;
  /**
   * Bounds of what a process may use.
   * @default { memory: Infinity }
   */
  limits?: LimitOptions | undefined;
  /**
   * Which settled calls `get(key)` can still find.
   * @default { results: 1_000, bytes: 64 MiB, forMs: 300_000 }
   */
  keep?: KeepOptions | undefined;
  /**
   * Variables that are added to the environment that the child inherits. `undefined` removes one. A function is called
   * when the broker is made, once for each process, with its index from 0:
   * `(index) => ({ CUDA_VISIBLE_DEVICES: `${index}` })`.
   * @default {}
   */
  env?: Environment | ((index: number) => Environment) | undefined;
  /**
   * Node's own flags for the child. A function is called when the broker is made, once for each process, with its index
   * from 0: `(index) => [`--inspect=${9230 + index}`]`.
   * @default the flags of this process, without those of the inspector, of `--watch`, `--test`, `--eval` and the like
   */
  execArgv?: readonly string[] | ((index: number) => readonly string[]) | undefined;
  /**
   * Path of the Node executable that runs the child. It must be given if this program is not run by Node: by Bun, or as a
   * single executable application.
   * @default the executable of this process; under Electron, with `ELECTRON_RUN_AS_NODE` in the child's environment
   */
  execPath?: string | undefined;
  /**
   * The child's working directory.
   * @default the working directory of this process
   */
  cwd?: string | undefined;
  /**
   * Sends typed arrays and buffers of 64 KiB and more through memory that both processes map, as far as there is room, and
   * up to 16 MiB in one message. The arguments are copied when the call is sent. In the pipeline they last as long as the
   * call: then they are detached, and their length is 0.
   *
   * It needs Linux and version 3 of the package `koffi`. `true`, or an object: the broker refuses to be made without them.
   * `false`: not used.
   * @default used if koffi can be loaded
   */
  sharedMemory?: boolean | SharedMemoryOptions | undefined;
  /**
   * The target of the child's output.
   * @default 'inherit'
   */
  output?: OutputOption | undefined;
  /**
   * For development: replaces the processes, as `reload()` does, when the pipeline's file or a file that it imports or
   * requires has changed (files in `node_modules` excepted). A new broker with this option takes the place of an earlier
   * one with the same module, export and arguments, which is closed: so a web server's hot reload leaves no process behind.
   * @default false
   */
  watch?: boolean | undefined;
  /**
   * The main file of the child, if a bundler has moved it.
   * @default the file in this package
   */
  workerPath?: string | URL | undefined;
}

/** By the name of a method, how its calls make batches. */
export type BatchesOf<P> = [MethodName<P>] extends [never]
  ? Readonly<Record<string, never>>
  : {
      readonly [K in MethodName<P>]?:
        | ([BatchMethodName<P, K>] extends [never] ? CannotBatch<P, K> : BatchOptions<BatchMethodName<P, K>>)
        | undefined;
    };

/** Options of a broker whose pipeline is made by the export `C`. */
export type BrokerOptions<C> = CommonOptions & {
  /**
   * Methods whose calls are gathered and run together: `{ predict: { method: 'predictBatch' } }`. A call of such a method
   * has one argument.
   * @default {}
   */
  batch?: BatchesOf<PipelineOf<C>> | undefined;
  /**
   * The only methods that may be called.
   * @default all public methods of the pipeline
   */
  expose?: readonly (MethodName<PipelineOf<C>> | StreamName<PipelineOf<C>>)[] | undefined;
} & ([] extends FactoryArgs<C>
    ? {
        /**
         * Arguments for the constructor of the pipeline.
         * @default []
         */
        args?: Readonly<FactoryArgs<C>> | undefined;
      }
    : {
        /** Arguments for the constructor of the pipeline. */
        args: Readonly<FactoryArgs<C>>;
      });

/** The options, which may be left out if the pipeline is made without arguments. */
export type OptionsArg<C> =
  [] extends FactoryArgs<C> ? [options?: BrokerOptions<C>] : [options: BrokerOptions<C>];

/** Options of one call. */
export interface CallOptions {
  /**
   * Names the call. If a call with this key is in flight and its method and arguments are the same, this call joins it;
   * otherwise it is refused with `DuplicateKeyError`. If the call joins one in flight, only its `signal` and `onProgress`
   * apply, and only to this caller.
   * @default a random UUID
   */
  key?: string | undefined;
  /**
   * Cancels the call.
   * @default none
   */
  signal?: AbortSignal | undefined;
  /**
   * How long the call may run, in ms, from its start.
   * @default the broker's `timeout`
   */
  timeout?: number | undefined;
  /**
   * How long the call may wait, in ms, from its submission.
   * @default the broker's `queueTimeout`
   */
  queueTimeout?: number | undefined;
  /**
   * Calls of higher priority go first. Calls of equal priority keep the order of submission.
   * @default 0
   */
  priority?: number | undefined;
  /**
   * How often the call may run again after its process died during it.
   * @default 0
   */
  retries?: number | undefined;
  /**
   * Calls of the same affinity run in the same process, as long as it lives: for sessions that keep state there. They start
   * in order. Other calls may overtake one that waits for its process.
   * @default none: any process may run the call
   */
  affinity?: string | undefined;
  /**
   * Called with each value that the pipeline reports by `currentCall().progress(value)`, before the call settles. If the
   * call joins one in flight, it also gets the latest value so far. An error that it throws is an uncaught exception.
   * @default none
   */
  onProgress?: ((value: unknown) => void) | undefined;
  /**
   * The trace that the call belongs to, as in the W3C header `traceparent`. The pipeline finds it in
   * `currentCall().traceparent`.
   * @default none
   */
  traceparent?: string | undefined;
}
