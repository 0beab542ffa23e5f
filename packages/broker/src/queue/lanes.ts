import type { Lane } from './lane.js';
import { goesBefore, isOlder, Ranking } from './ranking.js';

/** So many affinities without a waiting call are remembered. */
const MAX_IDLE = 10_000;

/** Which lanes there are, and to which process the first call of each may go. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  /** Of affinities, without a call that waits; the one that has been so for the longest first. */
  readonly #idle = new Set<Lane>();
  /** Lanes whose first call may go to any process, */
  readonly #open = new Ranking();
  /** and to the process of that index alone. */
  readonly #bound: readonly Ranking[];

  constructor(processes: number) {
    this.#bound = Array.from({ length: processes }, () => new Ranking());
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

  /** The one whose first call is the next to go to that process. */
  first(process: number): Lane | undefined {
    const open = this.#open.first;
    const bound = this.#bound[process]?.first;
    if (open === undefined || bound === undefined) return open ?? bound;
    return goesBefore(bound, open) ? bound : open;
  }

  /** The one with the call that has waited for the longest of those that may go to that process. */
  oldest(process: number): Lane | undefined {
    const open = this.#open.oldest;
    const bound = this.#bound[process]?.oldest;
    if (open === undefined || bound === undefined) return open ?? bound;
    return isOlder(bound, open) ? bound : open;
  }

  /** The lane's calls may go, or are others than before. */
  list(lane: Lane): void {
    this.#idle.delete(lane);
    this.#rankingOf(lane).update(lane);
  }

  /** The lane's calls may not go at the moment. */
  unlist(lane: Lane): void {
    this.#rankingOf(lane).delete(lane);
  }

  /** The lane has no calls. What process it is bound to is remembered. */
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

  /** From now on the lane's calls go to that process. */
  bind(lane: Lane, process: number): void {
    this.unlist(lane);
    lane.process = process;
    if (lane.calls.length === 0) this.empty(lane);
    else this.list(lane);
  }

  /** The process is gone: lanes that were bound to it are so no more. */
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
