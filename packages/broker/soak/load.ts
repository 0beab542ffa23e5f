import { crc32 } from 'node:zlib';

import { type Broker, BrokerError, type Call } from '@dual/broker';

import type { Outcome, Submission } from './history.js';
import type { CallPlan } from './plan.js';

/** Sends calls to a broker, and records the outcome of each. */
export class Load {
  readonly submissions: Submission[] = [];
  readonly #broker: Broker;
  readonly #calls = new Map<Submission, Call>();
  readonly #wakers: (() => void)[] = [];
  #accepted = 0;
  #unsettled = 0;
  #refused = false;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Number of callers whose call has not settled. */
  get unsettled(): number {
    return this.#unsettled;
  }

  /** Resolves when at most `unsettled` callers are waiting. */
  async atMost(unsettled: number): Promise<void> {
    while (this.#unsettled > unsettled) await new Promise<void>((resolve) => this.#wakers.push(resolve));
  }

  /** Waits until the queue has room, if the broker has refused a call because its queue was full. */
  async room(): Promise<void> {
    if (!this.#refused) return;
    this.#refused = false;
    // `ready` rejects if the broker is closed meanwhile. Then there is nothing to wait for.
    await this.#broker.ready().catch(() => undefined);
  }

  /** Submits a call. With `clash`, sends other arguments under the same key. */
  submit(plan: CallPlan, clash = false): void {
    const { id, act, ms, returnBytes, deaths, keyed, priority, retries, timeout, queueTimeout, cancel } =
      plan;
    const key = keyed ? `call-${id}` : undefined;
    const abort = cancel?.by === 'signal' ? new AbortController() : undefined;
    const options = {
      priority,
      retries,
      ...(key !== undefined && { key }),
      ...(timeout !== undefined && { timeout }),
      ...(queueTimeout !== undefined && { queueTimeout }),
      ...(abort !== undefined && { signal: abort.signal }),
    };
    const args = [{ id, act, ms, returnBytes, deaths }, payloadOf(id, clash ? 1 : plan.sendBytes)];
    const before = key === undefined ? undefined : this.#broker.get(key);
    const inFlight = before?.state === 'queued' || before?.state === 'running' ? before : undefined;
    // `call` returns only a promise. If the call has a key, `get` finds its `Call`.
    let call: Call | undefined;
    let result: Promise<unknown>;
    if (plan.style === 'submit') {
      try {
        call = this.#broker.submit('run', args, options);
        result = call.result;
      } catch (error) {
        result = Promise.reject(asError(error));
      }
    } else {
      result = this.#broker.call('run', args, options);
      if (key !== undefined) call = this.#broker.get(key);
    }
    const submission: Submission = {
      plan: clash ? { ...plan, sendBytes: 1 } : plan,
      call: inFlight !== undefined && call === inFlight ? this.#callOf(inFlight) : this.#nextCall(),
      outcomes: [],
      state: undefined,
    };
    this.submissions.push(submission);
    if (call !== undefined) this.#calls.set(submission, call);
    this.#watch(submission, result);
    if (cancel === undefined) return;
    setTimeout(() => {
      if (abort !== undefined) abort.abort();
      else call?.cancel();
    }, cancel.afterMs);
  }

  /** Records the final state that the broker shows for each call. */
  noteStates(): void {
    for (const [submission, { state }] of this.#calls) submission.state = state;
  }

  #nextCall(): number {
    this.#accepted += 1;
    return this.#accepted;
  }

  #callOf(call: Call): number | undefined {
    for (const submission of this.submissions.toReversed())
      if (this.#calls.get(submission) === call) return submission.call;
    return undefined;
  }

  #watch(submission: Submission, result: Promise<unknown>): void {
    this.#unsettled += 1;
    const settled = (outcome: Outcome): void => {
      submission.outcomes.push(outcome);
      this.#unsettled -= 1;
      if (outcome.kind === 'error' && outcome.code === 'ERR_DUAL_QUEUE_FULL') this.#refused = true;
      for (const wake of this.#wakers.splice(0)) wake();
    };
    result.then(
      (value) => {
        settled(readResult(value, submission.plan));
      },
      (error: unknown) => {
        settled(readError(error));
      },
    );
  }
}

/** A pattern of bytes that identifies the call. `pipeline.mjs` fills its results in the same way. */
function payloadOf(id: number, length: number): Uint8Array {
  return Buffer.alloc(length, `${id};`);
}

function readResult(value: unknown, plan: CallPlan): Outcome {
  if (typeof value !== 'object' || value === null) return { kind: 'result', id: NaN, intact: false };
  const { id, sum, bytes }: { id?: unknown; sum?: unknown; bytes?: unknown } = value;
  const intact =
    sum === crc32(payloadOf(plan.id, plan.sendBytes)) &&
    bytes instanceof Uint8Array &&
    Buffer.compare(bytes, payloadOf(plan.id, plan.returnBytes)) === 0;
  return { kind: 'result', id: Number(id), intact };
}

function readError(error: unknown): Outcome {
  if (error instanceof BrokerError) {
    const { code, message, started, pid } = error;
    return { kind: 'error', code, message, started, pid };
  }
  return { kind: 'error', code: undefined, message: asError(error).message, started: true, pid: undefined };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
