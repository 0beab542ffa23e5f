import process from 'node:process';

import { type CallSite, captureCallSite, withCallSite } from './call/call-site.js';
import { closedError, fromCaller } from './errors.js';
import { LocalClient } from './local-client.js';
import type { BrokerState, BrokerStats } from './observe/broker-events.js';
import type { OptionsArg } from './options/options.js';
import { resolveOptions } from './options/resolve.js';
import { initFor } from './process/init.js';
import { normalizeModule } from './process/module.js';
import { Pool } from './process/pool.js';
import { startError, type StartFailureReason } from './process/process-errors.js';
import type { PipelineOf, TypeofClassOrFunction, UnknownFactory } from './remote/remote.js';
import { SourceWatcher } from './watch/source-watcher.js';
import { succeed } from './watch/successor.js';

/** What the option `watch` adds. */
interface Development {
  readonly watcher: SourceWatcher;
  /** Gives up the place among the program's watched brokers. */
  readonly leave: () => void;
}

/**
 * Runs a pipeline in a process of its own, and calls its methods from here.
 *
 * `C` is the type of the export that makes the pipeline. All other types follow from it:
 *
 *     await using broker = await Broker.start<typeof makePipeline>(new URL('./pipeline.js', import.meta.url));
 *     await broker.pipeline.predict(image);
 */
export class Broker<C extends TypeofClassOrFunction = UnknownFactory> extends LocalClient<PipelineOf<C>> {
  override readonly module: string;
  readonly #pool: Pool;
  /** Set if the option `watch` is. */
  readonly #development: Development | undefined;

  /**
   * Does nothing yet: `start()`, or the first call, spawns the process.
   * @param module The pipeline's module: a file URL (`new URL('./pipeline.js', import.meta.url)`), an absolute
   * path, or the name of a package. ESM, CommonJS or TypeScript.
   * @param options Options of the broker. They may be left out if the pipeline needs no arguments.
   * @throws {InvalidOptionError} Names the option.
   * @throws {SerializationError} Names the argument of the pipeline that cannot cross.
   */
  constructor(module: string | URL, ...options: OptionsArg<C>) {
    super(fromCaller(() => resolveOptions(options[0]), new.target));
    this.module = fromCaller(() => normalizeModule(module, this.options.cwd), new.target);
    this.#pool = fromCaller(() => this.#makePool(), new.target);
    if (this.options.watch) this.#development = this.#watch();
  }

  /**
   * `new Broker(…)` and `start()` in one. Rejects with `PipelineStartError` if `start()` does.
   * @param module The pipeline's module, as for the constructor.
   * @param options Options of the broker.
   */
  static async start<C extends TypeofClassOrFunction = UnknownFactory>(
    module: string | URL,
    ...options: OptionsArg<C>
  ): Promise<Broker<C>> {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- it is only compared
    const broker = fromCaller(() => new Broker<C>(module, ...options), Broker.start);
    try {
      await broker.#untilUp(() => broker.#pool.up(), captureCallSite(1));
    } catch (error) {
      await broker.close();
      throw error;
    }
    return broker;
  }

  /**
   * Brings the processes up, or as many as `processes.min` says. Resolves when their pipelines are constructed. Rejects
   * with `PipelineStartError`, whose `cause` is the original error, when the broker has given up. Calling it again tries
   * again.
   */
  async start(): Promise<void> {
    await this.#untilUp(() => this.#pool.up(), captureCallSite(1));
  }

  /** Counts and measurements, now and since the broker was made. Takes some µs, however many calls there were. */
  override stats(): BrokerStats {
    const { state } = this;
    const { queue, serviceTime, batches, callStats } = this.dispatcher;
    const { restarts, bytes, processes } = this.#pool;
    return { state, ...callStats, queue, serviceTime, batches, restarts, bytes, processes };
  }

  /**
   * Resolves when the queue has room for one more call. Rejects with `BrokerClosedError` or `PipelineStartError` if it
   * never will.
   */
  async ready(): Promise<void> {
    try {
      if (this.refusal !== undefined) throw closedError(this.refusal);
      const { failure } = this.#pool;
      if (failure !== undefined) throw startError(failure);
      await this.dispatcher.room();
    } catch (error) {
      // Either the caller's frame, or the functions that await this one.
      throw withCallSite(error, captureCallSite(1));
    }
  }

  /**
   * Replaces the processes, one after the other, by new ones that load the module again. Calls wait in the meantime, and
   * none is lost. Each old process ends before the new one starts, because two models may not fit into memory. Resolves
   * when the last new one is ready; rejects with `PipelineStartError` when the broker has given up.
   */
  async reload(): Promise<void> {
    await this.#untilUp(() => this.#pool.reload(), captureCallSite(1));
  }

  /** @internal */
  protected override get openState(): BrokerState {
    const { state } = this.#pool;
    // The next call brings a parked process up.
    if (state === 'parked') return 'ready';
    return state === 'stopping' || state === 'stopped' ? 'draining' : state;
  }

  /** @internal */
  protected override get failure(): StartFailureReason | undefined {
    return this.#pool.failure;
  }

  /** @internal */
  protected override summon(): void {
    if (this.#pool.state === 'idle') {
      this.inOwnContext(() => {
        this.#pool.start();
      });
    }
    this.#summonMore();
  }

  /** @internal */
  protected override takeNoMore(): void {
    this.#development?.watcher.close();
    this.#development?.leave();
    super.takeNoMore();
    // Batches that had time to wait now need a process.
    this.#summonMore();
  }

  /** @internal */
  protected override async end(): Promise<void> {
    this.#pool.stop(this.options.killDelay.cancel);
    await this.until(() => this.#pool.state === 'stopped');
  }

  /** @internal */
  protected override kill(): void {
    this.#pool.kill();
  }

  /** Brings processes up, and keeps the program running until they are. @param site The place of the call. */
  async #untilUp(bringUp: () => Promise<void>, site: CallSite): Promise<void> {
    if (this.refusal !== undefined) throw withCallSite(closedError(this.refusal), site);
    this.keepAlive.hold();
    try {
      await this.inOwnContext(bringUp);
    } catch (error) {
      throw withCallSite(error, site);
    } finally {
      this.keepAlive.release();
    }
  }

  /** @internal */
  protected override makeWorkers(): Pool {
    return this.#pool;
  }

  /** Brings up parked processes that the load needs. */
  #summonMore(): void {
    const { min, max } = this.options.processes;
    if (min === max || this.dispatcher.queue.length === 0) return;
    this.inOwnContext(() => {
      this.#pool.summon((places) => this.dispatcher.exceeds(places));
    });
  }

  #makePool(): Pool {
    const { module } = this;
    const { output } = this.options;
    return new Pool({
      module,
      init: initFor(module, this.options),
      options: this.options,
      calls: this.dispatcher,
      wantsLines: () => typeof output === 'function' || this.listenerCount('output') > 0,
      listener: {
        changed: () => {
          if (this.#pool.state === 'ready') this.dispatcher.dispatch();
          // Also after a process has lost its calls, or another one was given up.
          this.#summonMore();
          this.changed();
        },
        spawned: (pid, index) => {
          this.announce(() => {
            this.diagnostics.spawned(pid, index);
            this.emit('spawn', { pid, index });
          });
        },
        ready: (pid, index, methods) => {
          this.knowMethods(methods);
          // At once: the first call starts right after it, and is published so.
          this.inOwnContext(() => {
            this.diagnostics.ready(pid, index);
          });
        },
        exited: (exit) => {
          // A process that could not be spawned has not ended either.
          if (exit.pid === undefined) return;
          this.announce(() => {
            this.diagnostics.exited(exit);
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
    const { export: exportName, args } = this.options;
    const watcher = new SourceWatcher(() => {
      // Also while an earlier reload goes on: a process that has not loaded its module yet is replaced at once.
      this.reload().catch((error: unknown) => {
        process.emitWarning(`the changed pipeline could not be loaded: ${String(error)}`, 'DualWatchWarning');
      });
    });
    return { watcher, leave: succeed([module, exportName, args], this) };
  }

  #gaveUp(reason: StartFailureReason): void {
    void this.dispatcher.rejectAll((call) => startError(reason, call.details()));
    this.dispatcher.rejectRoom(() => startError(reason));
  }
}
