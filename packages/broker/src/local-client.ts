import { AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';

import type { Call } from './call/call.js';
import { atCallSite, captureCallSite } from './call/call-site.js';
import type { CloseOptions, PipelineClient } from './client.js';
import { Dispatcher, type Workers } from './dispatcher.js';
import { closedError, IS_CLOSED } from './errors.js';
import { Intake } from './intake.js';
import type { BrokerEvents, BrokerState, BrokerStats } from './observe/broker-events.js';
import { Diagnostics } from './observe/diagnostics.js';
import type { CallOptions } from './options/options.js';
import { resolveCloseTimeout, type ResolvedOptions } from './options/resolve.js';
import type { StartFailureReason } from './process/process-errors.js';
import type {
  MethodArgs,
  MethodName,
  MethodResult,
  Remote,
  StreamChunk,
  StreamName,
} from './remote/remote.js';
import { remoteProxy } from './remote/remote-proxy.js';
import { after, KeepAlive } from './timer.js';

type Life =
  | { readonly name: 'open' }
  /** Takes no more calls. `closed` is set once the client is closing too. */
  | { readonly name: 'draining'; readonly closed: Promise<void> | undefined }
  | { readonly name: 'closed'; readonly closed: Promise<void> };

/** A client that keeps the queue in this program, and its life from open to closed. Subclasses run the calls. */
export abstract class LocalClient<P> extends EventEmitter<BrokerEvents> implements PipelineClient<P> {
  readonly pipeline: Remote<P>;
  /** The pipeline's module: a file URL, or the name of a package. */
  abstract readonly module: string;
  /** @internal */
  protected readonly options: ResolvedOptions;
  /** @internal */
  protected readonly keepAlive = new KeepAlive();
  /** @internal */
  protected readonly diagnostics: Diagnostics = new Diagnostics(this);
  /** @internal */
  protected readonly dispatcher: Dispatcher;
  /** The async context in which the client was made. Processes are spawned and listeners are called in it. */
  readonly #context = new AsyncResource('dual:broker');
  readonly #intake: Intake;
  /** Called whenever anything changes. */
  readonly #watchers: (() => void)[] = [];
  /** Names of the pipeline's methods, once they are known. */
  #methods: ReadonlySet<string> | undefined;
  #life: Life = { name: 'open' };
  #lastState: BrokerState = 'idle';

  constructor(options: ResolvedOptions) {
    super();
    this.options = options;
    this.dispatcher = new Dispatcher({
      options,
      makeWorkers: () => this.makeWorkers(),
      diagnostics: this.diagnostics,
      keepAlive: this.keepAlive,
      onSettled: (call, error) => {
        if (this.listenerCount('settle') === 0) return;
        this.announce(() => {
          this.emit('settle', call, error);
        });
      },
      onReady: () => {
        this.summon();
      },
      onIdle: () => {
        this.#wakeWatchers();
      },
    });
    this.#intake = new Intake({
      options,
      dispatcher: this.dispatcher,
      refusal: () => this.refusal,
      failure: () => this.failure,
      onTaken: () => {
        this.summon();
      },
    });
    this.pipeline = remoteProxy(this.#intake.invoker, () => this.#methods);
  }

  /** The state now. */
  get state(): BrokerState {
    return this.#life.name === 'open' ? this.openState : this.#life.name;
  }

  call<K extends MethodName<P>>(
    method: K,
    args: Readonly<MethodArgs<P, K>>,
    options?: CallOptions,
  ): Promise<MethodResult<P, K>> {
    const result = this.#intake.call({ method, args, options }, 2);
    return result as Promise<MethodResult<P, K>>; // `P` says so
  }

  submit<K extends MethodName<P>>(
    method: K,
    args: Readonly<MethodArgs<P, K>>,
    options?: CallOptions,
  ): Call<MethodResult<P, K>> {
    const call = this.#intake.submit({ method, args, options }, captureCallSite(1));
    // The call's state tells of a failure too, so nobody has to handle the rejection.
    call.result.catch(() => undefined);
    return call as Call<MethodResult<P, K>>; // `P` says so
  }

  stream<K extends StreamName<P>>(
    method: K,
    args: Readonly<MethodArgs<P, K>>,
    options?: CallOptions,
  ): AsyncIterable<StreamChunk<P, K>> {
    const stream = this.#intake.stream({ method, args, options }, captureCallSite(1), 1);
    return stream as AsyncIterable<StreamChunk<P, K>>; // `P` says so
  }

  get(key: string): Call | undefined {
    return this.dispatcher.get(key);
  }

  calls(): readonly Call[] {
    return this.dispatcher.calls;
  }

  abstract stats(): BrokerStats;

  /** Takes no more calls, and resolves when the unsettled ones have finished. The processes stay until `close()`. */
  async drain(): Promise<void> {
    if (this.#life.name === 'open') {
      this.#life = { name: 'draining', closed: undefined };
      this.takeNoMore();
      this.changed();
    }
    await this.until(() => this.dispatcher.pending === 0);
  }

  /**
   * Takes no more calls, lets the unsettled ones finish, lets the pipeline clean up, and ends its process. Calls that are
   * not finished after `timeout` reject with `BrokerClosedError`. Resolves when the process is gone. If it is called
   * again, both calls end together, and the shorter `timeout` counts.
   * @param options How long the calls may take.
   */
  async close(options?: CloseOptions): Promise<void> {
    const timeout = atCallSite(captureCallSite(1), () => resolveCloseTimeout(options));
    const closed = (this.#life.name === 'open' ? undefined : this.#life.closed) ?? this.#drainAndEnd();
    const deadline = after(timeout, () => {
      const why = `${IS_CLOSED}: calls had not finished within the timeout of close (${timeout} ms)`;
      void this.dispatcher.rejectAll((call) => closedError(why, call.details()));
      this.kill();
    });
    await closed;
    clearTimeout(deadline);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Gives the workers, which run the calls and tell the dispatcher. Called once, after construction. @internal */
  protected abstract makeWorkers(): Workers;

  /** The state while calls are taken. @internal */
  protected abstract get openState(): BrokerState;

  /** Why no call can run; `undefined` if one can. @internal */
  protected abstract get failure(): StartFailureReason | undefined;

  /** Calls may wait: brings up what they need to run. @internal */
  protected abstract summon(): void;

  /** No call is left, and none will come. Ends what runs the calls. Resolves when it is gone. @internal */
  protected abstract end(): Promise<void>;

  /** Ends what runs the calls at once. Nothing takes its place. @internal */
  protected abstract kill(): void;

  /** From now on the proxy has these methods only. @param names If `undefined`, they are not known. @internal */
  protected knowMethods(names: readonly string[] | undefined): void {
    this.#methods = names && new Set(names);
  }

  /** Why no calls are taken, in words; `undefined` if they are. @internal */
  protected get refusal(): string | undefined {
    if (this.#life.name === 'open') return undefined;
    if (this.#life.name === 'closed') return IS_CLOSED;
    const called = this.#life.closed === undefined ? 'drain()' : 'close()';
    return `the broker takes no more calls: ${called} was called`;
  }

  /** Otherwise every later event of a process would run in the async context of the call that happened to spawn it. @internal */
  protected inOwnContext<T>(run: () => T): T {
    return this.#context.runInAsyncScope(run);
  }

  /** Calls listeners in a microtask, so that a listener that acts or throws does not disturb the work at hand. @internal */
  protected announce(tell: () => void): void {
    queueMicrotask(() => {
      this.inOwnContext(tell);
    });
  }

  /** Resolves when the condition holds. It is checked after each change. @internal */
  protected async until(reached: () => boolean): Promise<void> {
    while (!reached()) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }

  /** Something has changed that the state may depend on. @internal */
  protected changed(): void {
    const { state } = this;
    this.#wakeWatchers();
    const previous = this.#lastState;
    if (state === previous) return;
    this.#lastState = state;
    this.announce(() => {
      this.diagnostics.stateChanged(state, previous);
      this.emit('state', state, previous);
    });
  }

  /** No further call will be taken. @internal */
  protected takeNoMore(): void {
    this.dispatcher.closing();
    this.dispatcher.rejectRoom(() => closedError(this.refusal));
  }

  #drainAndEnd(): Promise<void> {
    const closed = this.#endOnceIdle();
    this.#life = { name: 'draining', closed };
    this.takeNoMore();
    this.changed();
    return closed;
  }

  async #endOnceIdle(): Promise<void> {
    this.keepAlive.hold();
    await this.until(() => this.dispatcher.pending === 0);
    await this.end();
    this.#life = { name: 'closed', closed: Promise.resolve() };
    this.dispatcher.clear();
    this.keepAlive.end();
    this.changed();
  }

  #wakeWatchers(): void {
    if (this.#watchers.length > 0) for (const wake of this.#watchers.splice(0)) wake();
  }
}
