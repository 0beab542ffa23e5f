import { Broker } from '@dual/broker';

import { closedLoop, type Slice, typical } from './closed-loop.js';
import type makePipeline from './pipeline.js';
import { pipeline } from './pipeline-url.js';
import { type Plan, turns } from './plan.js';

const CLIENTS = [1, 2, 4, 8, 16, 32, 64];
/** Time per client in ms, about that of one unbatched call. Each client then makes a few calls per turn. */
const PACE = 25;

const BATCH = { method: 'predictBatch', maxSize: 64, maxDelay: 'auto' } as const;

/** The figures at one number of clients, without batches and with them. */
export interface LoadPoint {
  readonly clients: number;
  readonly single: Slice;
  readonly batched: Slice;
}

/** Measures a pipeline that takes 20 ms + 1 ms × items, with 1 to 64 clients. */
export async function measureBatching({ rounds, scale, onProgress }: Plan): Promise<LoadPoint[]> {
  await using single = await Broker.start<typeof makePipeline>(pipeline);
  await using batched = await Broker.start<typeof makePipeline>(pipeline, { batch: { predict: BATCH } });
  const points: LoadPoint[] = [];
  for (const clients of CLIENTS) {
    onProgress(`batching: ${clients} ${clients === 1 ? 'client' : 'clients'}`);
    // One client makes so few calls that a single slow one changes the median. More turns make up for that.
    const count = clients === 1 ? 4 * rounds : rounds;
    const time = scale * PACE * (clients + 20);
    const slice = (broker: typeof single) => (): Promise<Slice> =>
      closedLoop({ clients, call: () => broker.pipeline.predict(1), warmUp: time, duration: time });
    const [one, many] = await turns(count, slice(single), slice(batched));
    points.push({ clients, single: typical(one), batched: typical(many) });
  }
  return points;
}
