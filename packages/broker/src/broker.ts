import { AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';

import type { Call } from './call/call.js';
import { type CallSite, captureCallSite, withCallSite } from './call/call-site.js';
import type { CloseOptions, PipelineClient } from './client.js';
import { Dispatcher } from './dispatcher.js';
import { Intake } from './intake.js';
import type { BrokerEvents, BrokerState, BrokerStats } from './observe/broker-events.js';
import { Diagnostics } from './observe/diagnostics.js';
import type { CallOptions, OptionsArg } from './options/options.js';
import { resolveCloseTimeout, type ResolvedOptions, resolveOptions } from './options/resolve.js';
import { initFor } from './process/init.js';
import { normalizeModule } from './process/module.js';
import { Pool } from './process/pool.js';
import { startError, type StartFailureReason } from './process/supervisor.js';
import { closedError } from './refusals.js';
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

type Life =
  | { readonly name: 'open' }
  /** Takes no more calls; `closed` once it is also to end. */
  | { readonly name: 'draining'; readonly closed: Promise<void> | undefined }
  | { readonly name: 'closed'; readonly closed: Promise<void> };

/**
 * Runs a pipeline in a process of its own, and calls its methods from here.
 *
 * `C` is the type of the export that makes the pipeline; everything else is typed from it:
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
  /** What users listen to is called, and processes are spawned, in the async context that the broker was made in. */
  readonly #context = new AsyncResource('dual:broker');
  readonly #diagnostics: Diagnostics = new Diagnostics(this);
  readonly #pool: Pool;
  readonly #dispatcher: Dispatcher;
  readonly #intake: Intake;
  /** Those who wait for anything to change. */
  readonly #watchers: (() => void)[] = [];
  #life: Life = { name: 'open' };
  #lastState: BrokerState = 'idle';

  /**
   * Does nothing yet: the process is spawned by `start()`, or by the first call.
   * @param module The pipeline's module: a file URL (`new URL('./pipeline.js', import.meta.url)`), an absolute
   * path, or the name of a package. ESM, CommonJS or TypeScript.
   * @throws InvalidOptionError naming the option; SerializationError naming the argument that cannot cross.
   */
  constructor(module: string | URL, ...[options]: OptionsArg<C>) {
    super();
    this.#options = resolveOptions(options);
    this.module = normalizeModule(module);
    this.#pool = this.#makePool();
    this.#dispatcher = new Dispatcher({
      options: this.#options,
      pool: this.#pool,
      diagnostics: this.#diagnostics,
      keepAlive: this.#keepAlive,
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
  }

  /** `new Broker(…)` and `start()` in one. Rejects with `PipelineStartError` where `start()` does. */
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

  /** What the broker is doing; each state is explained at `BrokerState`. */
  get state(): BrokerState {
    if (this.#life.name !== 'open') return this.#life.name;
    const { state } = this.#pool;
    return state === 'stopping' || state === 'stopped' ? 'draining' : state;
  }

  /**
   * Resolves when the pipeline is constructed and takes calls. Rejects with `PipelineStartError`, the original
   * error as its `cause`, when the broker has given up; to call it again is to try again.
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
    // Its state tells of a failure; who does not wait for the result need not handle it.
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

  /** What the broker is doing at this moment, and what it has done. Takes some µs, whatever it has done. */
  stats(): BrokerStats {
    const { state } = this;
    const { queue, serviceTime, batches, callStats } = this.#dispatcher;
    const { restarts, bytes, processes } = this.#pool;
    return { state, ...callStats, queue, serviceTime, batches, restarts, bytes, processes };
  }

  /**
   * Resolves when the queue has room for one more call. Rejects with `BrokerClosedError` or
   * `PipelineStartError` where it never will.
   */
  async ready(): Promise<void> {
    if (this.#life.name !== 'open') throw closedError('it takes no more calls');
    const { failure } = this.#pool;
    if (failure !== undefined) throw startError(failure);
    await this.#dispatcher.room();
  }

  /**
   * Replaces the process by a new one, which loads the module anew. Calls wait meanwhile; none is lost. The old
   * process ends before the new one is made, so that two models need not fit into memory. Resolves when the
   * new one is ready; rejects with `PipelineStartError` when the broker has given up.
   */
  async reload(): Promise<void> {
    if (this.#life.name !== 'open') throw closedError('it takes no more calls');
    const reloaded = this.#inOwnContext(() => this.#pool.reload());
    await this.#alive(reloaded, captureCallSite(1));
  }

  /** Takes no more calls, and resolves when those that it has are done. `close()` still has to end it. */
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
   * Takes no more calls, lets those it has finish (past `timeout`, they reject with `BrokerClosedError`), lets the
   * pipeline clean up, and ends its process. Resolves when that is gone. Called again, it shares the end of the
   * first; the shortest `timeout` counts.
   */
  async close(options?: CloseOptions): Promise<void> {
    const timeout = resolveCloseTimeout(options);
    const closed = (this.#life.name === 'open' ? undefined : this.#life.closed) ?? this.#drainAndStop();
    const deadline = after(timeout, () => {
      this.#dispatcher.rejectAll((call) => closedError('its time to finish calls is over', call.details()));
      this.#pool.kill();
    });
    await closed;
    clearTimeout(deadline);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
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

  /** What it opens is to be nobody's: else the first caller's async context goes with all that a child ever says. */
  #inOwnContext<T>(open: () => T): T {
    return this.#context.runInAsyncScope(open);
  }

  /** Tells listeners, after the work at hand: what they do, or throw, cannot get in its way. */
  #announce(tell: () => void): void {
    queueMicrotask(() => {
      this.#inOwnContext(tell);
    });
  }

  #makePool(): Pool {
    const { module } = this;
    const { output } = this.#options;
    return new Pool({
      module,
      init: initFor(module, this.#options),
      options: this.#options,
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
        started: (call, now) => {
          this.#dispatcher.started(call, now);
        },
        answered: (call, outcome, run) => {
          this.#dispatcher.answered(call, outcome, run);
        },
        exited: (exit, lost) => {
          this.#dispatcher.lost(lost, exit);
          this.#announce(() => {
            this.#diagnostics.exited(exit);
            this.emit('exit', exit);
          });
        },
        gaveUp: (reason) => {
          this.#gaveUp(reason);
        },
        output: (line, info) => {
          if (typeof output === 'function') output(line, info);
          this.emit('output', line, info);
        },
      },
    });
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

  /** Nobody will get room in the queue any more. */
  #refuseWaiters(): void {
    this.#dispatcher.rejectRoom(() => closedError('it takes no more calls'));
  }

  async #until(reached: () => boolean): Promise<void> {
    while (!reached()) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }

  #wakeWatchers(): void {
    if (this.#watchers.length > 0) for (const wake of this.#watchers.splice(0)) wake();
  }

  /** The supervisor's state has changed, or this broker is closing. */
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
