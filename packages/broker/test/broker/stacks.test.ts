import type { EventEmitter } from 'node:events';

import { Broker } from '@dual/broker';
import { inProcess } from '@dual/broker/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { fixture, makeBroker, type Methods, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { line } from '../support/events.js';
import { readAll } from '../support/streams.js';

type Attempt = () => unknown;

/** Members of a broker that do not throw because of a wrong use. */
type Silent =
  keyof EventEmitter | 'calls' | 'drain' | 'get' | 'module' | 'state' | 'stats' | typeof Symbol.asyncDispose;

const NO_MODULE = '/no/such/pipeline.js';
const wrong = { concurrency: -1 };
const quiet = { output: 'ignore' } as const;
const uncloneable = (): undefined => undefined;
const ignore: (chunk: unknown) => void = () => undefined;

async function closed(): Promise<Broker> {
  const broker = makeBroker(fixture('streams.mjs'));
  await broker.close();
  return broker;
}

async function failed(): Promise<Broker> {
  const broker = makeBroker(NO_MODULE);
  await caughtError(broker.start());
  return broker;
}

/** A broker whose only process is busy, and whose queue is full. */
async function full(): Promise<Broker> {
  const broker = await startBroker(undefined, { maxQueue: 1 });
  const hanging = line(broker, 'hanging');
  broker.submit('hang', []);
  await hanging;
  broker.submit('echo', [1]);
  return broker;
}

/** Closes the broker while the attempt waits. */
async function closedMeanwhile(broker: Broker, attempt: () => Promise<unknown>): Promise<void> {
  await Promise.all([attempt(), broker.close({ timeout: 0 })]);
}

const methods = (broker: Broker): Methods => broker.pipeline;

/** Wrong uses of each member, and failures that its caller gets. */
const ATTEMPTS = {
  start: {
    'of a closed broker': async () => (await closed()).start(),
    'that fails': () => makeBroker(NO_MODULE).start(),
    'of a broker that is closed meanwhile': () => {
      const broker = makeBroker();
      return closedMeanwhile(broker, () => broker.start());
    },
  },
  reload: {
    'of a closed broker': async () => (await closed()).reload(),
    'that fails': async () => (await failed()).reload(),
  },
  ready: {
    'of a closed broker': async () => (await closed()).ready(),
    'of a failed broker': async () => (await failed()).ready(),
    'of a broker that is closed meanwhile': async () => {
      const broker = await full();
      return closedMeanwhile(broker, async () => {
        await broker.ready();
      });
    },
  },
  close: { 'with a wrong timeout': () => makeBroker().close({ timeout: -1 }) },
  call: {
    'of a closed broker': async () => await (await closed()).call('count', [1]),
    'of a failed broker': async () => await (await failed()).call('echo', [1]),
    'of a full broker': async () => await (await full()).call('echo', [1]),
    'with a wrong option': async () => await makeBroker().call('echo', [1], { priority: NaN }),
    'with a wrong argument': async () => await makeBroker().call('echo', [uncloneable]),
    'with an aborted signal': async () =>
      await makeBroker().call('echo', [1], { signal: AbortSignal.abort() }),
    'of a broker that is closed meanwhile': async () => {
      const broker = makeBroker();
      return closedMeanwhile(broker, async () => await broker.call('hang', []));
    },
  },
  submit: {
    'to a closed broker': async () => (await closed()).submit('count', [1]),
    'to a full broker': async () => (await full()).submit('echo', [1]),
    'with a wrong option': () => makeBroker().submit('echo', [1], { key: '' }),
    'to a broker that is closed meanwhile': async () => {
      const broker = makeBroker();
      const { result } = broker.submit('hang', []);
      return closedMeanwhile(broker, () => result);
    },
  },
  stream: {
    'of a closed broker': async () => {
      for await (const chunk of (await closed()).stream('count', [1])) ignore(chunk);
    },
    'with a wrong argument': async () => {
      for await (const chunk of makeBroker(fixture('streams.mjs')).stream('count', [uncloneable]))
        ignore(chunk);
    },
    'that has a reader': async () => {
      const stream = makeBroker(fixture('streams.mjs')).stream('count', [1]);
      await readAll(stream);
      for await (const chunk of stream) ignore(chunk);
    },
  },
  pipeline: {
    'calls of a closed broker': async () => await methods(await closed())['count']?.(1),
    'calls with a wrong argument': async () => await methods(makeBroker())['echo']?.(uncloneable),
    'calls of a method that yields': async () =>
      await methods(makeBroker(fixture('streams.mjs')))['count']?.(1),
    'streams of a closed broker': async () => {
      for await (const chunk of methods(await closed())['count']?.(1) ?? []) ignore(chunk);
    },
    'streams with a wrong argument': async () => {
      for await (const chunk of methods(makeBroker(fixture('streams.mjs')))['count']?.(uncloneable) ?? [])
        ignore(chunk);
    },
    'streams that have a reader': async () => {
      const stream = methods(makeBroker(fixture('streams.mjs')))['count']?.(1);
      if (stream !== undefined) await readAll(stream);
      for await (const chunk of stream ?? []) ignore(chunk);
    },
  },
} satisfies Record<Exclude<keyof Broker, Silent>, Record<string, Attempt>>;

/** Ways to make a client. */
const MAKERS: Record<string, Attempt> = {
  'new Broker with a wrong option': () => new Broker(NO_MODULE, wrong),
  'Broker.start with a wrong option': () => Broker.start(NO_MODULE, wrong),
  'Broker.start that fails': () => Broker.start(NO_MODULE, quiet),
  'inProcess with a wrong option': () => inProcess({}, wrong),
  'close of an inProcess client with a wrong timeout': () => inProcess({}).close({ timeout: -1 }),
};

const attempts = Object.entries(ATTEMPTS).flatMap(([member, ways]) =>
  Object.entries<Attempt>(ways).map(([way, attempt]): [string, Attempt] => [`${member} ${way}`, attempt]),
);

test.each([...attempts, ...Object.entries(MAKERS)])(
  'the stack trace of %s begins at its caller',
  async (_, attempt) => {
    const error = await caughtError(attempt);
    expect(error['code']).toMatch(/^ERR_DUAL_/);
    const [first] = (error.stack ?? '').split('\n').filter((text) => /^ +at /.test(text));
    expect(first).toContain('stacks.test');
  },
);

test('the stack trace of currentCall().progress with a wrong value begins at its caller', async () => {
  const stack = String(await makeBroker(fixture('progress.mjs')).call('stackOfReport', []));
  expect(stack).toMatch(/^SerializationError: .*\n +at .*progress\.mjs/);
});

let broker: Broker;
beforeAll(async () => {
  broker = await Broker.start(fixture('errors.mjs'), { ...quiet, restart: { limit: Infinity, minDelay: 1 } });
});
afterAll(async () => {
  await broker.close({ timeout: 0 });
});

const waysToCall: Record<string, (method: string) => Promise<unknown>> = {
  awaited: async (method) => await broker.call(method, ['custom']),
  'with catch': async (method) => {
    throw await broker.call(method, ['custom']).catch((error: unknown) => error);
  },
  'with others': async (method) =>
    await Promise.all([broker.call('echo', [1]), broker.call(method, ['custom'])]),
  'through the proxy': async (method) => {
    const pipeline = methods(broker);
    // The proxy has only the methods that there are.
    return method === 'missing' ? await broker.call(method, []) : await pipeline[method]?.('custom');
  },
  submitted: async (method) => await broker.submit(method, ['custom']).result,
  'with a signal': async (method) =>
    await broker.call(method, ['custom'], { signal: new AbortController().signal }),
};

describe.each(Object.keys(waysToCall))('the stack trace of a call that is %s', (way) => {
  test.each(['fail', 'failLater', 'missing'])(
    'shows the caller of %s, without a frame of the broker above it',
    async (method) => {
      const error = await caughtError(waysToCall[way]?.(method) ?? Promise.resolve());
      const [, own = error.stack] = error.stack?.split('--- called from here: ---\n') ?? [];
      const frames = own?.split('\n').filter((text) => /^ +at /.test(text)) ?? [];
      const here = frames.findIndex((text) => text.includes('stacks.test'));
      expect(here).toBeGreaterThan(-1);
      expect(frames.slice(0, here).filter((text) => !text.includes('Promise.all'))).toEqual([]);
    },
  );
});
