import type { Broker, Call } from '@dual/broker';

import type { Outcome, Submission } from './history.js';
import { invocationOf, optionsOf } from './invocation.js';
import { asError, read, receive } from './outcome.js';
import type { CallPlan } from './plan.js';
import { ProgressCheck } from './progress-check.js';

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
  submit(planned: CallPlan, clash = false): void {
    const plan = clash ? { ...planned, sendBytes: 1 } : planned;
    const { id, cancel, reader } = plan;
    const key = plan.keyed ? `call-${id}` : undefined;
    // A stream has no method to cancel it.
    const abort =
      cancel?.by === 'signal' || (cancel !== undefined && reader !== undefined)
        ? new AbortController()
        : undefined;
    const progress = new ProgressCheck(plan);
    const own = { key, signal: abort?.signal, onProgress: progress.take };
    const options = optionsOf(plan, own);
    const { method, args } = invocationOf(plan);
    const before = key === undefined ? undefined : this.#broker.get(key);
    const inFlight = before?.state === 'queued' || before?.state === 'running' ? before : undefined;
    // `call` returns only a promise. If the call has a key, `get` finds its `Call`.
    let call: Call | undefined;
    let outcome: Promise<Outcome>;
    if (reader !== undefined) {
      outcome = read(this.#broker.stream(method, args, options), plan, reader);
    } else if (plan.style === 'submit') {
      let result: Promise<unknown>;
      try {
        call = this.#broker.submit(method, args, options);
        result = call.result;
      } catch (error) {
        result = Promise.reject(asError(error));
      }
      outcome = receive(result, plan);
    } else {
      outcome = receive(this.#broker.call(method, args, options), plan);
      if (key !== undefined) call = this.#broker.get(key);
    }
    const submission: Submission = {
      plan,
      call: inFlight !== undefined && call === inFlight ? this.#callOf(inFlight) : this.#nextCall(),
      outcomes: [],
      wrongProgress: progress.wrong,
      state: undefined,
    };
    this.submissions.push(submission);
    if (call !== undefined) this.#calls.set(submission, call);
    void this.#watch(submission, outcome, progress);
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

  async #watch({ outcomes }: Submission, outcome: Promise<Outcome>, progress: ProgressCheck): Promise<void> {
    this.#unsettled += 1;
    const settled = await outcome;
    progress.end();
    outcomes.push(settled);
    this.#unsettled -= 1;
    if (settled.kind === 'error' && settled.code === 'ERR_DUAL_QUEUE_FULL') this.#refused = true;
    for (const wake of this.#wakers.splice(0)) wake();
  }
}
