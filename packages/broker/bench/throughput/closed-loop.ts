import { performance } from 'node:perf_hooks';

import { median } from '../stats.js';

export interface Load {
  /** Each makes one call after the other. */
  readonly clients: number;
  readonly call: () => PromiseLike<unknown>;
  /** How long calls are made before those that count, in ms. */
  readonly warmUp: number;
  /** For how long they count, in ms. */
  readonly duration: number;
}

export interface Slice {
  /** Calls a second. */
  readonly rate: number;
  /** How long a caller waits for an answer: the median, in ms. */
  readonly latency: number;
}

/** Has so many clients call for a while, and measures the calls that end within the time that counts. */
export async function closedLoop({ clients, call, warmUp, duration }: Load): Promise<Slice> {
  const begin = performance.now() + warmUp;
  const end = begin + duration;
  const latencies: number[] = [];
  const client = async (): Promise<void> => {
    for (let called = performance.now(); called < end;) {
      await call();
      const answered = performance.now();
      if (answered >= begin && answered < end) latencies.push(answered - called);
      called = answered;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return { rate: (1_000 * latencies.length) / duration, latency: median(latencies) };
}

/** The median slice of several. */
export function typical(slices: readonly Slice[]): Slice {
  return {
    rate: median(slices.map(({ rate }) => rate)),
    latency: median(slices.map(({ latency }) => latency)),
  };
}
