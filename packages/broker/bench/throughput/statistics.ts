import { performance } from 'node:perf_hooks';

import { Broker } from '@dual/broker';

import { CallMeter } from '../../src/observe/call-meter.js';
import { median } from '../stats.js';
import { closedLoop, typical } from './closed-loop.js';
import type makePipeline from './pipeline.js';
import { pipeline } from './pipeline-url.js';
import { type Plan, turns } from './plan.js';

const CLIENTS = 64;
/** Length of a turn, in ms. */
const DURATION = 1_000;
/** Time between two calls of `stats()`, in ms. A dashboard calls it every few seconds. */
const INTERVAL = 10;
/** Number of recordings over which one timing is averaged. */
const RECORDED = 100_000;

export interface StatisticsFigures {
  /** Time to count and time one call, in µs. */
  readonly recording: number;
  /** Small calls per second, 64 in flight. */
  readonly rate: number;
  /** Small calls per second while `stats()` is called 100 times per second. */
  readonly watchedRate: number;
}

/** Measures the cost of counting and timing calls, and the cost of `stats()`. */
export async function measureStatistics({ rounds, scale, onProgress }: Plan): Promise<StatisticsFigures> {
  onProgress('statistics');
  await using broker = await Broker.start<typeof makePipeline>(pipeline);
  const duration = scale * DURATION;
  const slice = () =>
    closedLoop({
      clients: CLIENTS,
      call: () => broker.pipeline.echo('hello'),
      warmUp: duration / 5,
      duration,
    });
  const watchedSlice = async () => {
    const timer = setInterval(() => broker.stats(), INTERVAL);
    try {
      return await slice();
    } finally {
      clearInterval(timer);
    }
  };
  const [alone, watched] = await turns(3 * rounds, slice, watchedSlice);
  const recording = median(Array.from({ length: 9 }, recordingTime));
  return { recording, rate: typical(alone).rate, watchedRate: typical(watched).rate };
}

/**
 * Time in µs that the broker spends per call on counting and timing, including its reads of the clock. With many calls in
 * flight it reads the clock twice per call: when the call is accepted, and when it is answered. The next call starts at
 * that same moment.
 */
function recordingTime(): number {
  const meter = new CallMeter();
  const begin = performance.now();
  let started = begin;
  for (let i = 0; i < RECORDED; i += 1) {
    const queued = performance.now();
    meter.accepted();
    const answered = performance.now();
    meter.moved('queued', 'running', answered - queued);
    meter.moved('running', 'succeeded', answered - started);
    started = answered;
  }
  return (1_000 * (performance.now() - begin)) / RECORDED;
}
