import type * as DualBroker from '@dual/broker';
import type { CommonOptions } from '@dual/broker';

import type { Contender } from '../contender.js';
import type makePipeline from '../worker/pipeline.js';

const pipeline = new URL('../worker/pipeline.js', import.meta.url);

interface BrokerBuild {
  /** The main file of the build; the installed package if it is absent. */
  readonly file?: URL;
  readonly options: CommonOptions;
}

/** This broker, called through its typed proxy, as its users call it. */
export function brokerContender(
  about: Pick<Contender, 'name' | 'title' | 'settings'>,
  { file, options }: BrokerBuild,
): Contender {
  return {
    ...about,
    package: '@dual/broker',
    carries: 'bytes',
    async open() {
      const build = (await import(file?.href ?? '@dual/broker')) as typeof DualBroker; // a build of this package
      const broker = await build.Broker.start<typeof makePipeline>(pipeline, options);
      return {
        call: (method, payload) => broker.pipeline[method](payload),
        close: () => broker.close(),
      };
    },
  };
}

/**
 * A build of this broker, without and with shared memory.
 * @param name What the table calls it; the package itself if it is empty.
 */
export function brokerContenders(name: string, file?: URL): readonly Contender[] {
  const title = name === '' ? '@dual/broker' : `@dual/broker, ${name}`;
  return [
    brokerContender(
      { name: name || 'broker', title, settings: 'sharedMemory false' },
      { ...(file && { file }), options: { sharedMemory: false } },
    ),
    brokerContender(
      {
        name: `${name || 'broker'}-shared-memory`,
        title: `${title}, shared memory`,
        settings: 'sharedMemory true',
      },
      { ...(file && { file }), options: { sharedMemory: true } },
    ),
  ];
}
