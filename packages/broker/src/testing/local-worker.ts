import process from 'node:process';

import type { PendingCall } from '../call/pending-call.js';
import type { Frame } from '../channel/frame.js';
import { decodeNumber, ToChild } from '../channel/messages.js';
import { describeThrown } from '../channel/thrown/describe.js';
import { reviveThrown } from '../channel/thrown/revive.js';
import { Host } from '../child/host.js';
import { PermanentStartError } from '../child/load.js';
import { Methods } from '../child/methods.js';
import type { Free, Workers } from '../dispatcher.js';
import { BrokerError, PipelineStartError, ProcessExitError } from '../errors.js';
import type { ResolvedOptions } from '../options/resolve.js';
import type { ProcessExit } from '../process/exit.js';
import { type CallListener, ProcessCalls, type Shipment } from '../process/process-calls.js';
import { Loopback } from './loopback.js';

export interface LocalWorkerOptions {
  readonly pipeline: object;
  readonly options: ResolvedOptions;
  readonly listener: CallListener;
}

/** Runs the calls in this process, by the code that runs them in a child. It is the only worker. */
export class LocalWorker implements Workers {
  readonly index = 0;
  /** Names of the pipeline's methods; `undefined` if they are not known. */
  readonly methods: readonly string[] | undefined;
  readonly calls = { send: this.#send.bind(this) };
  readonly #listener: CallListener;
  readonly #calls: ProcessCalls;
  readonly #host: Host;
  readonly #toHost = new Loopback((frames) => {
    for (const frame of frames) this.#take(frame);
    this.#host.work();
  });
  readonly #fromHost = new Loopback((frames) => {
    for (const frame of frames) this.#calls.take(frame);
  });
  /** Errors for the next calls. */
  readonly #faults: unknown[] = [];
  /** Number of shipments that are about to fail. */
  #failing = 0;

  /** @throws {PipelineStartError} If an option names a method that does not exist. */
  constructor({ pipeline, options, listener }: LocalWorkerOptions) {
    const { concurrency, maxQueueBytes, maxMessageBytes, timeout, keySeries, expose, batch } = options;
    this.#listener = listener;
    this.#calls = new ProcessCalls({
      concurrency,
      maxQueueBytes,
      timeout,
      link: {
        pid: () => process.pid,
        memory: () => undefined,
        send: (frame) => {
          this.#toHost.send(frame);
        },
        // Everything that is sent arrives.
        latestFrame: () => 0,
        mayReach: () => true,
        // Nobody can abandon a call while this thread blocks.
        flagAborted: () => undefined,
      },
      listener,
      onAnswer: () => undefined,
      onNone: () => undefined,
      onOverdue: () => undefined,
    });
    const batchMethods = Object.entries(batch).map(([name, { method }]) => [name, method] as const);
    const methods = methodsOf(pipeline, { expose, batchMethods: Object.fromEntries(batchMethods) });
    this.methods = methods.callableNames;
    this.#host = new Host({
      methods,
      concurrency,
      keySeries,
      maxMessageBytes,
      timeout,
      aborted: { look: () => undefined },
      channel: {
        send: (frame) => {
          this.#fromHost.send(frame);
        },
        hold: (frame) => {
          this.#fromHost.send(frame);
        },
        answer: (frames) => {
          for (const frame of frames) this.#fromHost.send(frame);
        },
        flush: () => true,
        flushed: () => this.#fromHost.empty(),
      },
      onFailure: (error) => {
        queueMicrotask(() => {
          throw error;
        });
      },
    });
  }

  get places(): readonly number[] {
    return [this.#isFree ? this.#calls.inFlight.places : 0];
  }

  free(): readonly Free[] {
    return this.#isFree ? [{ process: this, room: Infinity, takes: () => this.#isFree }] : [];
  }

  leastBusy(): this | undefined {
    return this.#isFree ? this : undefined;
  }

  has(call: PendingCall): boolean {
    return this.#calls.inFlight.find(call) !== undefined;
  }

  /** There is no process to kill, so the call may go on for ever. */
  abandon(call: PendingCall): void {
    this.#calls.abandon(call, Infinity);
  }

  /** The calls that start next, one or a batch, fail with this error. */
  failNext(error: unknown): void {
    this.#faults.push(error);
  }

  get #isFree(): boolean {
    return this.#failing === 0 && this.#calls.inFlight.hasPlace;
  }

  #send(shipment: Shipment): void {
    if (this.#faults.length === 0) {
      this.#calls.send(shipment);
      return;
    }
    const error = this.#faults.shift();
    this.#failing += 1;
    for (const call of shipment.calls) this.#listener.started(call, performance.now());
    setImmediate(() => {
      this.#failing -= 1;
      this.#fail(shipment.calls, error);
    });
  }

  #fail(calls: readonly PendingCall[], error: unknown): void {
    const isExit = error instanceof ProcessExitError;
    const again = calls.filter((call) => isExit && !call.settled && call.repeatable);
    if (isExit && again.length > 0) {
      const lost = again.map((call) => ({ call, started: true, reached: true }));
      this.#listener.lost(lost, exitOf(error));
    }
    const run = { ms: 0, now: performance.now(), size: calls.length, complete: true };
    for (const call of calls) {
      if (!again.includes(call))
        this.#listener.answered(call, { state: 'failed', error: arrived(error) }, run);
    }
    this.#listener.dropped();
  }

  #take(frame: Frame): void {
    const { type, id, payload } = frame;
    switch (type) {
      case ToChild.Call:
      case ToChild.Stream:
      case ToChild.Batch:
        this.#host.take(frame);
        break;
      case ToChild.Member:
        this.#host.takeMember(frame);
        break;
      case ToChild.Trace:
        this.#host.trace(frame);
        break;
      case ToChild.Timeout:
        this.#host.limit(frame);
        break;
      case ToChild.Credit:
        this.#host.credit(id, decodeNumber(payload));
        break;
      case ToChild.Abort:
        this.#host.abort(id);
        break;
    }
  }
}

function methodsOf(pipeline: object, options: ConstructorParameters<typeof Methods>[1]): Methods {
  try {
    return new Methods(pipeline, options);
  } catch (error) {
    if (error instanceof PermanentStartError) throw new PipelineStartError(error.message);
    throw error;
  }
}

/** An error of the pipeline's own loses its class on the way, an error of the broker comes from no other process. */
function arrived(error: unknown): unknown {
  return error instanceof BrokerError ? error : reviveThrown(describeThrown(error));
}

function exitOf({ exitCode, signal, stderr = '', cause }: ProcessExitError): ProcessExit {
  const { pid } = process;
  return { index: 0, pid, exitCode, signal, stderr, reason: 'crash', permanent: false, cause };
}
