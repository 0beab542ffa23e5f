import type { Lane } from './lane.js';
import { goesBefore, isOlder, Ranking } from './ranking.js';

/** Affinities without a waiting call that are remembered. */
const MAX_IDLE = 10_000;

/** All lanes, and the process that the first call of each may go to. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  /** Lanes of affinities without a waiting call. The one that has been idle longest comes first. */
  readonly #idle = new Set<Lane>();
  /** Lanes whose first call may go to any process. */
  #open = new Ranking();
  /** By index of a process, the lanes whose first call may go to that process alone. */
  #bound: readonly Ranking[];

  constructor(processes: number) {
    this.#bound = newRankings(processes);
  }

  /** Forgets all lanes. */
  clear(): void {
    this.#lanes.clear();
    this.#idle.clear();
    this.#open = new Ranking();
    this.#bound = newRankings(this.#bound.length);
  }

  get(name: string): Lane | undefined {
    return this.#lanes.get(name);
  }

  add(lane: Lane): void {
    this.#lanes.set(lane.name, lane);
  }

  [Symbol.iterator](): Iterator<Lane> {
    return this.#lanes.values();
  }

  /** Lanes whose first call may go to any process now. */
  get open(): Iterable<Lane> {
    return this.#open;
  }

  /** Lanes whose first call may go now, to this process alone. */
  boundTo(process: number): Iterable<Lane> {
    return this.#bound[process] ?? [];
  }

  /** The lane with the call that goes to this process next. */
  first(process: number): Lane | undefined {
    const open = this.#open.first;
    const bound = this.#bound[process]?.first;
    if (open === undefined || bound === undefined) return open ?? bound;
    return goesBefore(bound, open) ? bound : open;
  }

  /** The lane with the longest-waiting call among those that may go to this process. */
  oldest(process: number): Lane | undefined {
    const open = this.#open.oldest;
    const bound = this.#bound[process]?.oldest;
    if (open === undefined || bound === undefined) return open ?? bound;
    return isOlder(bound, open) ? bound : open;
  }

  /** The lane's calls may go, or its first call has changed. */
  list(lane: Lane): void {
    this.#idle.delete(lane);
    this.#rankingOf(lane).update(lane);
  }

  /** The lane's calls may not go now. */
  unlist(lane: Lane): void {
    this.#rankingOf(lane).delete(lane);
  }

  /** The lane has no calls. The process that it is bound to is remembered. */
  empty(lane: Lane): void {
    this.unlist(lane);
    if (lane.process === undefined) {
      this.#lanes.delete(lane.name);
      return;
    }
    this.#idle.add(lane);
    if (this.#idle.size <= MAX_IDLE) return;
    for (const longest of this.#idle) {
      this.#forget(longest);
      return;
    }
  }

  /** From now on the lane's calls go to this process. */
  bind(lane: Lane, process: number): void {
    this.unlist(lane);
    lane.process = process;
    if (lane.calls.length === 0) this.empty(lane);
    else this.list(lane);
  }

  /** The process is gone: the lanes that were bound to it are free. */
  unbind(process: number): void {
    for (const lane of this.#lanes.values()) {
      if (lane.process !== process) continue;
      this.unlist(lane);
      lane.process = undefined;
      if (lane.calls.length === 0) this.#forget(lane);
      else this.list(lane);
    }
  }

  #forget(lane: Lane): void {
    this.#idle.delete(lane);
    this.#lanes.delete(lane.name);
  }

  #rankingOf({ process }: Lane): Ranking {
    return (process === undefined ? undefined : this.#bound[process]) ?? this.#open;
  }
}

function newRankings(count: number): Ranking[] {
  return Array.from({ length: count }, () => new Ranking());
}
