import { type BatchOptions, Broker, type CommonOptions } from '@dual/broker';
import { afterEach } from '@jest/globals';

export interface TestOptions extends CommonOptions {
  args?: readonly unknown[];
  batch?: Record<string, BatchOptions>;
  expose?: readonly string[];
}

/** The methods of a pipeline of unknown type. */
export type Methods = Readonly<
  Record<string, (...args: unknown[]) => Promise<unknown> & AsyncIterable<unknown>>
>;

const open = new Set<Broker>();

afterEach(async () => {
  const brokers = [...open];
  open.clear();
  await Promise.all(brokers.map((broker) => broker.close({ timeout: 0 })));
});

/** The URL of a file in `test/fixtures`. */
export function fixture(name: string): URL {
  return new URL(`../fixtures/${name}`, import.meta.url);
}

/** Makes a broker that is closed after the test. It restarts quickly, and its output goes only to its listeners. */
export function makeBroker(
  module: string | URL = fixture('pipeline.mjs'),
  options: TestOptions = {},
): Broker {
  const { restart, ...others } = options;
  const broker = new Broker(module, {
    output: 'ignore',
    restart: { minDelay: 1, maxDelay: 10, ...restart },
    ...others,
  });
  open.add(broker);
  return broker;
}

/** Makes a broker, and waits until it is ready. */
export async function startBroker(module?: string | URL, options?: TestOptions): Promise<Broker> {
  const broker = makeBroker(module, options);
  await broker.start();
  return broker;
}
