import type { PendingCall } from './pending-call.js';

export interface PositionsOptions {
  /** The unsettled calls, in the order of submission. */
  readonly calls: () => readonly PendingCall[];
  /** Whether a process has the call, ahead of its turn. */
  readonly isSent: (call: PendingCall) => boolean;
}

/**
 * How many calls are ahead of each queued call. All of them are numbered together, on the first question after a change, so
 * that a list of all calls takes time in proportion to their number, not to its square.
 */
export class Positions {
  readonly #options: PositionsOptions;
  #numbers: ReadonlyMap<PendingCall, number> | undefined;

  constructor(options: PositionsOptions) {
    this.#options = options;
  }

  /** A call came, started, settled or waits again. */
  changed(): void {
    this.#numbers = undefined;
  }

  /** 0 for a call that is not queued. */
  of(call: PendingCall): number {
    this.#numbers ??= this.#number();
    return this.#numbers.get(call) ?? 0;
  }

  #number(): ReadonlyMap<PendingCall, number> {
    const { calls, isSent } = this.#options;
    /** By priority. Calls that a process has already start before all others. */
    const lines = new Map<number, PendingCall[]>();
    for (const call of calls()) {
      if (call.state !== 'queued') continue;
      const priority = isSent(call) ? Infinity : call.options.priority;
      const line = lines.get(priority);
      if (line === undefined) lines.set(priority, [call]);
      else line.push(call);
    }
    const inOrder = [...lines].sort(([a], [b]) => b - a).flatMap(([, line]) => line);
    return new Map(inOrder.map((call, ahead) => [call, ahead]));
  }
}
