import { Broker, type CommonOptions } from '@dual/broker';
import { afterEach } from '@jest/globals';

import type Pipeline from '../fixtures/pipeline.mjs';

export type TestBroker = Broker<typeof Pipeline>;

const open = new Set<TestBroker>();

afterEach(async () => {
  const brokers = [...open];
  open.clear();
  await Promise.all(brokers.map((broker) => broker.close({ timeout: 0 })));
});

/** Makes a broker of `test/fixtures/pipeline.mjs`, which is closed after the test. */
export function makeBroker(options: CommonOptions = {}): TestBroker {
  const broker = new Broker<typeof Pipeline>(new URL('../fixtures/pipeline.mjs', import.meta.url), {
    output: 'ignore',
    killDelay: { cancel: 1_000 },
    restart: { minDelay: 1, maxDelay: 10 },
    ...options,
  });
  open.add(broker);
  return broker;
}

/** Makes such a broker, and waits until it is ready. */
export async function startBroker(options?: CommonOptions): Promise<TestBroker> {
  const broker = makeBroker(options);
  await broker.start();
  return broker;
}
