import type { PendingCall } from '../call/pending-call.js';
import type { ResolvedBatch } from '../options/resolve.js';
import { BatchWindow } from './batch-window.js';
import type { Departure, DepartureReason } from './departure.js';
import { Lane } from './lane.js';
import { Lanes } from './lanes.js';

/** One departure in this many goes to the call that has waited longest … */
const STARVATION_SHARE = 8;
/** … if it has waited longer than this, in ms. */
const STARVATION_AGE = 5_000;

export interface ScheduleOptions {
  /** Number of processes. */
  readonly processes: number;
  /** Number of calls that one process runs at once. */
  readonly concurrency: number;
  /** By the method whose calls make batches. */
  readonly batch: Readonly<Record<string, ResolvedBatch>>;
  /** How long a call of the method is expected to run, in ms; `undefined` if that is not known. */
  readonly expected: (method: string) => number | undefined;
  /** Whether no further call of the usual size can wait. */
  readonly isFull: () => boolean;
  /** Called when calls that have waited for others may leave. */
  readonly onReady: () => void;
}

/** A process that asks for work. */
export interface Taker {
  readonly index: number;
  /** How many calls it can take. */
  readonly room: number;
  /** Whether it should get a call that is expected to run for this time, in ms. */
  readonly takes: (expected: number | undefined) => boolean;
}

/** All waiting calls. Decides which call goes next to which process. */
export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #windows: ReadonlyMap<string, BatchWindow>;
  readonly #lanes: Lanes;
  /** Lanes whose calls wait for the end of their window. */
  readonly #waiting = new Set<Lane>();
  #closing = false;
  #departures = 0;
  #length = 0;
  #bytes = 0;

  constructor(options: ScheduleOptions) {
    const batches = Object.entries(options.batch);
    this.#options = options;
    this.#windows = new Map(batches.map(([method, batch]) => [method, new BatchWindow(batch)]));
    this.#lanes = new Lanes(options.processes);
  }

  /** Number of waiting calls. */
  get length(): number {
    return this.#length;
  }

  /** Length of the arguments of all waiting calls, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  push(call: PendingCall): void {
    const lane = this.#laneFor(call);
    lane.calls.push(call);
    lane.lastArrival = call.submittedAt;
    this.#windowOf(call)?.arrived(call.submittedAt);
    this.#came(lane, call);
  }

  /** Puts calls that were taken, and did not start, back to their places. */
  putBack(calls: readonly PendingCall[]): void {
    // Last one first: each one then finds its place at the head.
    for (const call of calls.toReversed()) {
      const lane = this.#laneFor(call);
      lane.calls.putBack(call);
      this.#came(lane, call);
    }
  }

  /** @returns false if the call does not wait here. */
  delete(call: PendingCall): boolean {
    const lane = this.#lanes.get(this.#laneName(call));
    if (lane?.calls.delete(call) !== true) return false;
    this.#went(lane, call);
    return true;
  }

  /** Forgets all calls. */
  clear(): void {
    for (const lane of this.#lanes) this.#free(lane);
    this.#lanes.clear();
    this.#length = this.#bytes = 0;
  }

  /**
   * Takes the calls that the process runs next; `undefined` if none should go to it now. While the calls that would go
   * next wait for others of this turn of the event loop, the place is kept for them.
   */
  next(taker: Taker): Departure | undefined {
    const starving = this.#starving(taker.index);
    if (starving !== undefined) {
      const { lane, call } = starving;
      const departure = this.#depart(lane, call, taker);
      if (departure !== undefined || lane.state !== 'waiting') return departure;
    }
    for (;;) {
      const lane = this.#lanes.first(taker.index);
      const first = lane?.calls.first;
      if (lane === undefined || first === undefined) return undefined;
      const departure = this.#depart(lane, first, taker);
      if (departure !== undefined || lane.state !== 'waiting') return departure;
    }
  }

  /**
   * Whether more calls and batches could leave now than there are places. A batch that is not full first waits for more
   * calls, as if a process had asked for it.
   * @param places Number of places, by index of the process.
   */
  exceeds(places: readonly number[]): boolean {
    const leaving = (lane: Lane): number => this.#leaving(lane);
    const forAny = this.#forAny(places, leaving);
    // A copy, because a batch that begins to wait leaves the ranking.
    return left(forAny, [...this.#lanes.open], leaving) < 0;
  }

  /**
   * Whether there is a place for one more call too, when all waiting calls have left.
   * @param places Number of places, by index of the process.
   * @param call The call; `undefined` if any process could take it.
   */
  fits(places: readonly number[], call: PendingCall | undefined): boolean {
    const needed = (lane: Lane): number => this.#needed(lane);
    if (left(this.#forAny(places, needed), this.#lanes.open, needed) <= 0) return false;
    const lane = call && this.#lanes.get(this.#laneName(call));
    if (lane?.sticky !== true) return true;
    const { process } = lane;
    // It goes where the calls of its affinity go.
    return process === undefined
      ? left(this.#options.concurrency, [lane], needed) > 0
      : left(places[process] ?? 0, this.#lanes.boundTo(process), needed) > 0;
  }

  /** A batch of `size` calls of this method ran for `ms`. */
  ran(method: string, size: number, ms: number): void {
    this.#windows.get(method)?.ran(size, ms);
  }

  /** The process is gone: the affinities that it had may go elsewhere. */
  unbind(process: number): void {
    this.#lanes.unbind(process);
  }

  /** No more calls will come, so no batch waits for one. */
  close(): void {
    this.#closing = true;
    for (const lane of this.#lanes) if (lane.calls.length > 0) this.#list(lane);
  }

  /** No call can come that a waiting batch could take along. */
  #endWaits(): void {
    for (const lane of this.#waiting) this.#list(lane);
  }

  #windowOf({ method, streams }: PendingCall): BatchWindow | undefined {
    return streams ? undefined : this.#windows.get(method);
  }

  #laneName(call: PendingCall): string {
    const { affinity, priority } = call.options;
    // A single process runs the calls of every affinity.
    if (affinity !== undefined && this.#options.processes > 1) return `affinity ${affinity}`;
    // Calls of different priority do not wait for each other.
    return this.#windowOf(call) === undefined ? 'others' : `batch ${priority} ${call.method}`;
  }

  #laneFor(call: PendingCall): Lane {
    const name = this.#laneName(call);
    const known = this.#lanes.get(name);
    if (known !== undefined) return known;
    const sticky = name.startsWith('affinity ');
    const lane = new Lane({ name, sticky, window: sticky ? undefined : this.#windowOf(call) });
    this.#lanes.add(lane);
    return lane;
  }

  /** A call has come into the lane. */
  #came(lane: Lane, call: PendingCall): void {
    this.#length += 1;
    this.#bytes += call.bytes;
    const isFull = lane.window !== undefined && lane.calls.length >= lane.window.batch.maxSize;
    // A batch that waits for its window decides again when its turn comes. One that gathers goes on gathering.
    if (isFull || lane.state === 'waiting') this.#list(lane);
    else this.#lanes.list(lane);
    if (this.#waiting.size > 0 && this.#options.isFull()) this.#endWaits();
  }

  /** A call has left the lane. */
  #went(lane: Lane, call: PendingCall): void {
    this.#length -= 1;
    this.#bytes -= call.bytes;
    if (lane.calls.length > 0) {
      if (lane.state !== 'waiting') this.#lanes.list(lane);
      return;
    }
    this.#free(lane);
    this.#lanes.empty(lane);
  }

  /** The lane waits no longer. */
  #list(lane: Lane): void {
    this.#free(lane);
    this.#lanes.list(lane);
  }

  #free(lane: Lane): void {
    lane.free();
    this.#waiting.delete(lane);
  }

  /** The call that goes next although others are before it, because it has waited too long. */
  #starving(process: number): { readonly lane: Lane; readonly call: PendingCall } | undefined {
    if (this.#departures % STARVATION_SHARE !== STARVATION_SHARE - 1) return undefined;
    const lane = this.#lanes.oldest(process);
    const call = lane?.calls.oldest;
    if (lane === undefined || call === undefined) return undefined;
    return performance.now() - call.submittedAt >= STARVATION_AGE ? { lane, call } : undefined;
  }

  /** Takes the call, with the rest of its batch, out of the lane; `undefined` if it waits for others. */
  #depart(lane: Lane, first: PendingCall, { index, room, takes }: Taker): Departure | undefined {
    const batch = this.#windowOf(first)?.batch;
    const expected = this.#options.expected(first.method);
    if (batch === undefined) {
      if (!takes(expected)) return undefined;
      this.#take(lane, [first], index);
      return { calls: [first], batch: undefined };
    }
    const atMost = Math.min(batch.maxSize, room);
    const calls = lane.batch(first, atMost);
    if (!takes(expected && expected * calls.length)) return undefined;
    const reason = calls.length >= atMost ? 'full' : this.#ready(lane, calls);
    if (reason === undefined) return undefined;
    this.#take(lane, calls, index);
    return { calls, batch: { of: first.method, method: batch.method, reason } };
  }

  /** How many of the places the calls that are bound to processes leave to others. */
  #forAny(places: readonly number[], taken: (lane: Lane) => number): number {
    let free = 0;
    for (const [process, count] of places.entries())
      free += Math.max(0, left(count, this.#lanes.boundTo(process), taken));
    return free;
  }

  /** Number of places that the lane's calls need, sooner or later. */
  #needed({ calls, window, sticky }: Lane): number {
    // Calls of an affinity all go to one process.
    if (sticky) return Math.min(calls.length, this.#options.concurrency);
    return Math.ceil(calls.length / (window?.batch.maxSize ?? 1));
  }

  /** Number of places that the lane's calls could take now. */
  #leaving(lane: Lane): number {
    const { calls, window } = lane;
    const { length, first } = calls;
    if (window === undefined || first === undefined) return this.#needed(lane);
    const { maxSize } = window.batch;
    if (length >= maxSize) return Math.floor(length / maxSize);
    return this.#ready(lane, lane.batch(first, maxSize)) === undefined ? 0 : 1;
  }

  #take(lane: Lane, calls: readonly PendingCall[], process: number): void {
    this.#departures += 1;
    for (const call of calls) lane.calls.delete(call);
    if (lane.sticky && lane.process === undefined) this.#lanes.bind(lane, process);
    for (const call of calls) this.#went(lane, call);
  }

  /** Why a batch that is not full leaves now; `undefined` if it does not, and the lane waits. */
  #ready(lane: Lane, calls: readonly PendingCall[]): DepartureReason | undefined {
    const { window } = lane;
    const [first] = calls;
    // Calls of an affinity keep their order and wait for nobody.
    if (window === undefined || first === undefined || first.attempt > 0 || this.#closing) return 'idle';
    if (lane.state === 'gathering') return undefined;
    const goOn = (): void => {
      this.#waiting.delete(lane);
      this.#lanes.list(lane);
      this.#options.onReady();
    };
    if (lane.state !== 'settled') {
      lane.gather(goOn);
      return undefined;
    }
    if (this.#options.isFull()) return 'idle';
    const until = window.until(calls, lane.lastArrival);
    if (until === undefined) return 'idle';
    const ms = until - performance.now();
    if (ms <= 0) return 'delay';
    this.#lanes.unlist(lane);
    this.#waiting.add(lane);
    lane.wait(ms, goOn);
    return undefined;
  }
}

/** Number of places that the lanes leave; if there are too few, any number below 0. */
function left(places: number, lanes: Iterable<Lane>, taken: (lane: Lane) => number): number {
  let free = places;
  if (free === Infinity) return free;
  for (const lane of lanes) {
    if (free < 0) break;
    free -= taken(lane);
  }
  return free;
}
