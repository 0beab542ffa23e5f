import { expect, test } from '@jest/globals';

import { startBroker } from '../../support/brokers.js';
import { temporaryModule } from '../../support/temporary.js';

const PIPELINE = `export default class {
  one(bytes) { return bytes; }
  reversed(all) { return all.toReversed(); }
}`;

test('the calls of a batch may return the arguments of other calls', async () => {
  const batch = { one: { method: 'reversed', maxSize: 3, maxDelay: Infinity } };
  const broker = await startBroker(temporaryModule(PIPELINE), { batch, sharedMemory: true });
  const arrays = [1, 2, 3].map((value) => new Uint8Array(200_000).fill(value));
  for (let round = 0; round < 3; round += 1) {
    const results = await Promise.all(arrays.map((bytes) => broker.call('one', [bytes])));
    expect(results).toEqual(arrays.toReversed());
  }
  expect(broker.stats().batches['one']).toMatchObject({ count: 3, calls: 9 });
});
