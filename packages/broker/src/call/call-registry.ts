import type { ResolvedOptions } from '../options/resolve.js';
import { after } from '../timer.js';
import type { PendingCall } from './pending-call.js';

interface Kept {
  readonly call: PendingCall;
  readonly bytes: number;
  /** By `performance.now()`. */
  readonly until: number;
}

/** Finds calls by key: those in flight, and for a bounded time those that have settled. */
export class CallRegistry {
  readonly #keep: ResolvedOptions['keep'];
  readonly #inFlight = new Map<string, PendingCall>();
  /** In the order in which they settled, so the first one is the next to go. */
  readonly #kept = new Map<string, Kept>();
  #keptBytes = 0;
  #sweep: NodeJS.Timeout | undefined;

  constructor(keep: ResolvedOptions['keep']) {
    this.#keep = keep;
  }

  inFlight(key: string): PendingCall | undefined {
    return this.#inFlight.get(key);
  }

  get(key: string): PendingCall | undefined {
    return this.#inFlight.get(key) ?? this.#kept.get(key)?.call;
  }

  add(call: PendingCall): void {
    this.#drop(call.key);
    this.#inFlight.set(call.key, call);
  }

  /** The call has settled. @param bytes Length of its result and its progress. */
  settled(call: PendingCall, bytes: number): void {
    if (!call.findable) return;
    this.#inFlight.delete(call.key);
    this.#kept.set(call.key, { call, bytes, until: performance.now() + this.#keep.forMs });
    this.#keptBytes += bytes;
    this.#evict();
  }

  /** Forgets all settled calls. */
  clear(): void {
    clearTimeout(this.#sweep);
    this.#kept.clear();
    this.#keptBytes = 0;
  }

  #evict(): void {
    const now = performance.now();
    for (const [key, { until }] of this.#kept) {
      const fits = this.#kept.size <= this.#keep.results && this.#keptBytes <= this.#keep.bytes;
      if (fits && until > now) {
        this.#sweep ??= after(until - now, () => {
          this.#sweep = undefined;
          this.#evict();
        });
        return;
      }
      this.#drop(key);
    }
  }

  #drop(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    this.#keptBytes -= kept.bytes;
  }
}
