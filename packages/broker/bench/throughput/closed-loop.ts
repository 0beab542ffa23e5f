import { performance } from 'node:perf_hooks';

import { median } from '../stats.js';

export interface Load {
  /** Number of clients. Each makes one call at a time. */
  readonly clients: number;
  readonly call: () => PromiseLike<unknown>;
  /** Length of the warm-up in ms. Calls that end during it are not counted. */
  readonly warmUp: number;
  /** Length of the measurement in ms. */
  readonly duration: number;
}

export interface Slice {
  /** Calls per second. */
  readonly rate: number;
  /** Median time from a call to its answer, in ms. */
  readonly latency: number;
}

/** Runs the clients, and measures the calls that end after the warm-up and within `duration`. */
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

/** The median rate and the median latency of several slices. */
export function typical(slices: readonly Slice[]): Slice {
  return {
    rate: median(slices.map(({ rate }) => rate)),
    latency: median(slices.map(({ latency }) => latency)),
  };
}
