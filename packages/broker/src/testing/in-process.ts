import { inspect, types } from 'node:util';

import { dispose, isClass } from '../child/load.js';
import type { PipelineClient } from '../client.js';
import { fromCaller, InvalidOptionError } from '../errors.js';
import { LocalClient } from '../local-client.js';
import type { BrokerState, BrokerStats } from '../observe/broker-events.js';
import { didYouMean } from '../options/nearest.js';
import type { BatchesOf, CommonOptions } from '../options/options.js';
import { resolveOptions } from '../options/resolve.js';
import type { MethodName, StreamName } from '../remote/remote.js';
import { LocalWorker } from './local-worker.js';

/** The options that do not concern processes. */
const OPTIONS = [
  'batch',
  'concurrency',
  'expose',
  'keep',
  'maxMessageBytes',
  'maxQueue',
  'maxQueueBytes',
  'queueTimeout',
  'timeout',
] as const;

/** Options of `inProcess`: those of a broker that do not concern its processes. */
export type InProcessOptions<P> = Pick<
  CommonOptions,
  Extract<(typeof OPTIONS)[number], keyof CommonOptions>
> & {
  /**
   * Methods whose calls are gathered and run together.
   * @default {}
   */
  batch?: BatchesOf<P> | undefined;
  /**
   * The only methods that may be called.
   * @default all public methods of the pipeline
   */
  expose?: readonly (MethodName<P> | StreamName<P>)[] | undefined;
};

/** A client whose pipeline runs in this process. */
export interface InProcess<P> extends PipelineClient<P> {
  /**
   * The call that starts next rejects with this error, and does not run; if calls make a batch, all of its calls do. Called
   * several times, the errors are for several calls. After a `ProcessExitError` a call that has `retries` left runs again,
   * as after the death of a process.
   * @param error A `BrokerError` arrives as it is, any other error as an error of the pipeline does.
   */
  failNext(error: unknown): void;
}

/**
 * Runs a pipeline in this process, for unit tests. Calls are queued, encoded, decoded, timed out and cancelled by the code
 * that does so for a broker. What needs a second process is missing: a method that blocks also blocks the test, and
 * nothing kills it.
 * @param pipeline The pipeline itself, not the class or function that makes it.
 * @param options Options of a broker that do not concern its processes.
 * @throws {InvalidOptionError} Names the option.
 * @throws {PipelineStartError} If an option names a method that does not exist.
 */
export function inProcess<P extends object>(pipeline: P, options: InProcessOptions<P> = {}): InProcess<P> {
  return fromCaller(() => {
    checkPipeline(pipeline);
    checkNames(options);
    return new InProcessClient(pipeline, options);
  }, inProcess);
}

function checkPipeline(pipeline: unknown): void {
  const refusal = (why: string): InvalidOptionError => new InvalidOptionError('pipeline', why);
  if (types.isPromise(pipeline)) throw refusal('the pipeline is a promise: give what it resolves to');
  if ((typeof pipeline !== 'object' && typeof pipeline !== 'function') || pipeline === null)
    throw refusal(`the pipeline must be an object with methods, not ${inspect(pipeline)}`);
  if (typeof pipeline !== 'function') return;
  // A function may be a pipeline if it has methods.
  if (Object.values(pipeline).some((value) => typeof value === 'function')) return;
  const name = pipeline.name === '' ? 'Pipeline' : pipeline.name;
  const made = isClass(pipeline) ? `new ${name}()` : `${name}()`;
  throw refusal(`inProcess takes a pipeline, not what makes it: give inProcess(${made})`);
}

function checkNames(options: object): void {
  for (const name of Object.keys(options)) {
    if (OPTIONS.some((known) => known === name)) continue;
    const hint = didYouMean(name, OPTIONS);
    const known = OPTIONS.join(', ');
    throw new InvalidOptionError(name, `inProcess takes no option ${name}${hint}; there are: ${known}`);
  }
}

class InProcessClient<P extends object> extends LocalClient<P> implements InProcess<P> {
  override readonly module = 'in-process';
  readonly #pipeline: P;
  readonly #worker: LocalWorker;
  #state: BrokerState = 'idle';

  constructor(pipeline: P, options: InProcessOptions<P>) {
    super(resolveOptions({ ...options, sharedMemory: false }));
    this.#pipeline = pipeline;
    this.#worker = new LocalWorker({ pipeline, options: this.options, listener: this.dispatcher });
    this.knowMethods(this.#worker.methods);
  }

  failNext(error: unknown): void {
    if (error === undefined)
      throw new InvalidOptionError('error', 'failNext needs the error of the next call');
    this.#worker.failNext(error);
  }

  override stats(): BrokerStats {
    const { state } = this;
    const { queue, serviceTime, batches, callStats } = this.dispatcher;
    const bytes = { sent: 0, received: 0 };
    return { state, ...callStats, queue, serviceTime, batches, restarts: 0, bytes, processes: [] };
  }

  protected override makeWorkers(): LocalWorker {
    return this.#worker;
  }

  protected override get openState(): BrokerState {
    return this.#state;
  }

  protected override get failure(): undefined {
    return undefined;
  }

  protected override summon(): void {
    if (this.#state === 'ready') return;
    this.#state = 'ready';
    this.changed();
  }

  protected override async end(): Promise<void> {
    try {
      await dispose(this.#pipeline);
    } catch (error) {
      // As the process of a broker does.
      console.error(error);
    }
  }

  protected override kill(): void {
    // There is nothing to kill.
  }
}
