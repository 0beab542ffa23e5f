import { performance } from 'node:perf_hooks';

import { Broker } from '@dual/broker';

import { CallMeter } from '../../src/observe/call-meter.js';
import { median } from '../stats.js';
import { closedLoop, typical } from './closed-loop.js';
import type makePipeline from './pipeline.js';
import { pipeline } from './pipeline-url.js';
import { type Plan, turns } from './plan.js';

const CLIENTS = 64;
const DURATION = 1_000;
/** How often `stats()` is asked for, in ms. A dashboard asks every few seconds. */
const INTERVAL = 10;
const RECORDED = 100_000;

export interface StatisticsFigures {
  /** What counting and timing one call costs, in µs. */
  readonly recording: number;
  /** Small calls a second, 64 under way. */
  readonly rate: number;
  /** The same while `stats()` is asked for a hundred times a second. */
  readonly watchedRate: number;
}

/** What it costs that a broker counts and times its calls, and that somebody looks. */
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
 * What a broker does for each call beside its work, clock included, in µs. With many under way it looks at the clock when
 * a call comes, and when it is answered, which is when the next one starts.
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
