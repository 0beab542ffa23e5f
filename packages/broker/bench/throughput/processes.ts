import { Broker } from '@dual/broker';

import { closedLoop, typical } from './closed-loop.js';
import type makePipeline from './pipeline.js';
import { pipeline } from './pipeline-url.js';
import { type Plan, turns } from './plan.js';

const CLIENTS = 8;
/** Length of a turn, in ms. */
const DURATION = 1_500;

/** Calls per second of work that keeps a core busy, with one process and with two. */
export async function measureProcesses({
  rounds,
  scale,
  onProgress,
}: Plan): Promise<{ one: number; two: number }> {
  onProgress('processes: one and two');
  await using one = await Broker.start<typeof makePipeline>(pipeline);
  await using two = await Broker.start<typeof makePipeline>(pipeline, { processes: 2 });
  const duration = scale * DURATION;
  const slice = (broker: typeof one) => () =>
    closedLoop({ clients: CLIENTS, call: () => broker.pipeline.compute(), warmUp: duration / 5, duration });
  const [ofOne, ofTwo] = await turns(2 * rounds, slice(one), slice(two));
  return { one: typical(ofOne).rate, two: typical(ofTwo).rate };
}
