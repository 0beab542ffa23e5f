import { AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import process from 'node:process';

import type { Call } from './call/call.js';
import { type CallSite, captureCallSite, withCallSite } from './call/call-site.js';
import type { CloseOptions, PipelineClient } from './client.js';
import { Dispatcher } from './dispatcher.js';
import { closedError } from './errors.js';
import { Intake } from './intake.js';
import type { BrokerEvents, BrokerState, BrokerStats } from './observe/broker-events.js';
import { Diagnostics } from './observe/diagnostics.js';
import type { CallOptions, OptionsArg } from './options/options.js';
import { resolveCloseTimeout, type ResolvedOptions, resolveOptions } from './options/resolve.js';
import { initFor } from './process/init.js';
import { normalizeModule } from './process/module.js';
import { Pool } from './process/pool.js';
import type { CallListener } from './process/process-calls.js';
import { startError, type StartFailureReason } from './process/process-errors.js';
import type {
  MethodArgs,
  MethodName,
  MethodResult,
  PipelineFactory,
  PipelineOf,
  Remote,
  StreamChunk,
  StreamName,
  UnknownFactory,
} from './remote/remote.js';
import { remoteProxy } from './remote/remote-proxy.js';
import { after, KeepAlive } from './timer.js';
import { SourceWatcher } from './watch/source-watcher.js';
import { succeed } from './watch/successor.js';

type Life =
  | { readonly name: 'open' }
  /** Takes no more calls. `closed` is set once the broker is closing too. */
  | { readonly name: 'draining'; readonly closed: Promise<void> | undefined }
  | { readonly name: 'closed'; readonly closed: Promise<void> };

/** What the option `watch` adds. */
interface Development {
  readonly watcher: SourceWatcher;
  /** Gives up the place among the program's watched brokers. */
  readonly leave: () => void;
}

const TAKES_NO_MORE = 'it takes no more calls';

/**
 * Runs a pipeline in a process of its own, and calls its methods from here.
 *
 * `C` is the type of the export that makes the pipeline. All other types follow from it:
 *
 *     await using broker = await Broker.start<typeof makePipeline>(new URL('./pipeline.js', import.meta.url));
 *     await broker.pipeline.predict(image);
 */
export class Broker<C extends PipelineFactory = UnknownFactory>
  extends EventEmitter<BrokerEvents>
  implements PipelineClient<PipelineOf<C>>
{
  readonly pipeline: Remote<PipelineOf<C>>;
  /** The pipeline's module: a file URL, or the name of a package. */
  readonly module: string;
  readonly #options: ResolvedOptions;
  readonly #keepAlive = new KeepAlive();
  /** The async context in which the broker was made. Processes are spawned and listeners are called in it. */
  readonly #context = new AsyncResource('dual:broker');
  readonly #diagnostics: Diagnostics = new Diagnostics(this);
  readonly #dispatcher: Dispatcher;
  readonly #intake: Intake;
  /** Set if the option `watch` is. */
  #development: Development | undefined;
  /** Called whenever anything changes. */
  readonly #watchers: (() => void)[] = [];
  #life: Life = { name: 'open' };
  #lastState: BrokerState = 'idle';

  /**
   * Does nothing yet: `start()`, or the first call, spawns the process.
   * @param module The pipeline's module: a file URL (`new URL('./pipeline.js', import.meta.url)`), an absolute
   * path, or the name of a package. ESM, CommonJS or TypeScript.
   * @param options Options of the broker. They may be left out if the pipeline needs no arguments.
   * @throws {InvalidOptionError} Names the option.
   * @throws {SerializationError} Names the argument of the pipeline that cannot cross.
   */
  constructor(module: string | URL, ...options: OptionsArg<C>) {
    super();
    this.#options = resolveOptions(options[0]);
    this.module = normalizeModule(module);
    this.#dispatcher = new Dispatcher({
      options: this.#options,
      makePool: (calls) => this.#makePool(calls),
      diagnostics: this.#diagnostics,
      keepAlive: this.#keepAlive,
      onSettled: (call, error) => {
        if (this.listenerCount('settle') === 0) return;
        this.#announce(() => {
          this.emit('settle', call, error);
        });
      },
      onIdle: () => {
        this.#wakeWatchers();
      },
    });
    this.#intake = new Intake({
      options: this.#options,
      dispatcher: this.#dispatcher,
      isOpen: () => this.#life.name === 'open',
      failure: () => this.#pool.failure,
      onTaken: () => {
        if (this.#pool.state === 'idle')
          this.#inOwnContext(() => {
            this.#pool.start();
          });
      },
    });
    this.pipeline = remoteProxy(this.#intake.invoker);
    if (this.#options.watch) this.#development = this.#watch();
  }

  /**
   * `new Broker(…)` and `start()` in one. Rejects with `PipelineStartError` if `start()` does.
   * @param module The pipeline's module, as for the constructor.
   * @param options Options of the broker.
   */
  static async start<C extends PipelineFactory = UnknownFactory>(
    module: string | URL,
    ...options: OptionsArg<C>
  ): Promise<Broker<C>> {
    const broker = new Broker<C>(module, ...options);
    try {
      await broker.start();
    } catch (error) {
      await broker.close();
      throw error;
    }
    return broker;
  }

  /** The state of the broker now. */
  get state(): BrokerState {
    if (this.#life.name !== 'open') return this.#life.name;
    const { state } = this.#pool;
    return state === 'stopping' || state === 'stopped' ? 'draining' : state;
  }

  /**
   * Brings the processes up. Resolves when all pipelines are constructed. Rejects with `PipelineStartError`, whose
   * `cause` is the original error, when the broker has given up. Calling it again tries again.
   */
  async start(): Promise<void> {
    if (this.#life.name !== 'open') throw closedError();
    const up = this.#inOwnContext(() => this.#pool.up());
    await this.#alive(up, captureCallSite(1));
  }

  call<K extends MethodName<PipelineOf<C>>>(
    method: K,
    args: Readonly<MethodArgs<PipelineOf<C>, K>>,
    options?: CallOptions,
  ): Promise<MethodResult<PipelineOf<C>, K>> {
    const result = this.#intake.call({ method, args, options }, 2);
    return result as Promise<MethodResult<PipelineOf<C>, K>>; // `C` says so
  }

  submit<K extends MethodName<PipelineOf<C>>>(
    method: K,
    args: Readonly<MethodArgs<PipelineOf<C>, K>>,
    options?: CallOptions,
  ): Call<MethodResult<PipelineOf<C>, K>> {
    const call = this.#intake.submit({ method, args, options }, captureCallSite(1));
    // The call's state tells of a failure too, so nobody has to handle the rejection.
    call.result.catch(() => undefined);
    return call as Call<MethodResult<PipelineOf<C>, K>>; // `C` says so
  }

  stream<K extends StreamName<PipelineOf<C>>>(
    method: K,
    args: Readonly<MethodArgs<PipelineOf<C>, K>>,
    options?: CallOptions,
  ): AsyncIterable<StreamChunk<PipelineOf<C>, K>> {
    const stream = this.#intake.stream({ method, args, options }, captureCallSite(1));
    return stream as AsyncIterable<StreamChunk<PipelineOf<C>, K>>; // `C` says so
  }

  get(key: string): Call | undefined {
    return this.#dispatcher.get(key);
  }

  calls(): readonly Call[] {
    return this.#dispatcher.calls;
  }

  /** Counts and measurements, now and since the broker was made. Takes some µs, however many calls there were. */
  stats(): BrokerStats {
    const { state } = this;
    const { queue, serviceTime, batches, callStats } = this.#dispatcher;
    const { restarts, bytes, processes } = this.#pool;
    return { state, ...callStats, queue, serviceTime, batches, restarts, bytes, processes };
  }

  /**
   * Resolves when the queue has room for one more call. Rejects with `BrokerClosedError` or `PipelineStartError` if it
   * never will.
   */
  async ready(): Promise<void> {
    if (this.#life.name !== 'open') throw closedError(TAKES_NO_MORE);
    const { failure } = this.#pool;
    if (failure !== undefined) throw startError(failure);
    await this.#dispatcher.room();
  }

  /**
   * Replaces the processes, one after the other, by new ones that load the module again. Calls wait in the meantime, and
   * none is lost. Each old process ends before the new one starts, because two models may not fit into memory. Resolves
   * when the last new one is ready; rejects with `PipelineStartError` when the broker has given up.
   */
  async reload(): Promise<void> {
    if (this.#life.name !== 'open') throw closedError(TAKES_NO_MORE);
    const reloaded = this.#inOwnContext(() => this.#pool.reload());
    await this.#alive(reloaded, captureCallSite(1));
  }

  /** Takes no more calls, and resolves when the unsettled ones have finished. The processes stay until `close()`. */
  async drain(): Promise<void> {
    if (this.#life.name === 'open') {
      this.#life = { name: 'draining', closed: undefined };
      this.#dispatcher.closing();
      this.#refuseWaiters();
      this.#changed();
    }
    await this.#until(() => this.#dispatcher.pending === 0);
  }

  /**
   * Takes no more calls, lets the unsettled ones finish, lets the pipeline clean up, and ends its process. Calls that are
   * not finished after `timeout` reject with `BrokerClosedError`. Resolves when the process is gone. If it is called
   * again, both calls end together, and the shorter `timeout` counts.
   * @param options How long the calls may take.
   */
  async close(options?: CloseOptions): Promise<void> {
    const timeout = resolveCloseTimeout(options);
    const closed = (this.#life.name === 'open' ? undefined : this.#life.closed) ?? this.#drainAndStop();
    const deadline = after(timeout, () => {
      const why = `calls had not finished within the timeout of close (${timeout} ms)`;
      this.#dispatcher.rejectAll((call) => closedError(why, call.details()));
      this.#pool.kill();
    });
    await closed;
    clearTimeout(deadline);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #pool(): Pool {
    return this.#dispatcher.pool;
  }

  /** Keeps the program running until the promise has settled. */
  async #alive(promise: Promise<void>, site: CallSite): Promise<void> {
    this.#keepAlive.hold();
    try {
      await promise;
    } catch (error) {
      throw withCallSite(error, site);
    } finally {
      this.#keepAlive.release();
    }
  }

  /** Otherwise every later event of a process would run in the async context of the call that happened to spawn it. */
  #inOwnContext<T>(run: () => T): T {
    return this.#context.runInAsyncScope(run);
  }

  /** Calls listeners in a microtask, so that a listener that acts or throws does not disturb the work at hand. */
  #announce(tell: () => void): void {
    queueMicrotask(() => {
      this.#inOwnContext(tell);
    });
  }

  #makePool(calls: CallListener): Pool {
    const { module } = this;
    const { output } = this.#options;
    return new Pool({
      module,
      init: initFor(module, this.#options),
      options: this.#options,
      calls,
      wantsLines: () => typeof output === 'function' || this.listenerCount('output') > 0,
      listener: {
        changed: () => {
          this.#changed();
        },
        spawned: (pid, index) => {
          this.#announce(() => {
            this.#diagnostics.spawned(pid, index);
            this.emit('spawn', { pid, index });
          });
        },
        ready: (pid, index) => {
          this.#announce(() => {
            this.#diagnostics.ready(pid, index);
          });
        },
        exited: (exit) => {
          this.#announce(() => {
            this.#diagnostics.exited(exit);
            this.emit('exit', exit);
          });
        },
        gaveUp: (reason) => {
          this.#gaveUp(reason);
        },
        loaded: (files) => {
          this.#development?.watcher.add(files);
        },
        output: (line, info) => {
          if (typeof output === 'function') output(line, info);
          this.emit('output', line, info);
        },
      },
    });
  }

  #watch(): Development {
    const { module } = this;
    const { export: exportName, args } = this.#options;
    const watcher = new SourceWatcher(() => {
      // Also while an earlier reload goes on: a process that has not loaded its module yet is replaced at once.
      this.reload().catch((error: unknown) => {
        process.emitWarning(`the changed pipeline could not be loaded: ${String(error)}`, 'DualWatchWarning');
      });
    });
    return { watcher, leave: succeed([module, exportName, args], this) };
  }

  #gaveUp(reason: StartFailureReason): void {
    this.#dispatcher.rejectAll((call) => startError(reason, call.details()));
    this.#dispatcher.rejectRoom(() => startError(reason));
  }

  #drainAndStop(): Promise<void> {
    const closed = this.#stopOnceIdle();
    this.#life = { name: 'draining', closed };
    this.#dispatcher.closing();
    this.#changed();
    return closed;
  }

  async #stopOnceIdle(): Promise<void> {
    this.#keepAlive.hold();
    this.#refuseWaiters();
    await this.#until(() => this.#dispatcher.pending === 0);
    this.#pool.stop(this.#options.killDelay.cancel);
    await this.#until(() => this.#pool.state === 'stopped');
    this.#life = { name: 'closed', closed: Promise.resolve() };
    this.#dispatcher.clear();
    this.#keepAlive.end();
    this.#changed();
  }

  /** The queue will never have room again, and no process will be started. */
  #refuseWaiters(): void {
    this.#development?.watcher.close();
    this.#development?.leave();
    this.#dispatcher.rejectRoom(() => closedError(TAKES_NO_MORE));
  }

  async #until(reached: () => boolean): Promise<void> {
    while (!reached()) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }

  #wakeWatchers(): void {
    if (this.#watchers.length > 0) for (const wake of this.#watchers.splice(0)) wake();
  }

  /** The state of the pool has changed, or the broker is closing. */
  #changed(): void {
    const { state } = this;
    this.#wakeWatchers();
    if (this.#pool.state === 'ready') this.#dispatcher.dispatch();
    const previous = this.#lastState;
    if (state === previous) return;
    this.#lastState = state;
    this.#announce(() => {
      this.#diagnostics.stateChanged(state, previous);
      this.emit('state', state, previous);
    });
  }
}
