import { Broker, type CommonOptions } from '@dual/broker';

import type { Contender } from '../contender.js';
import type makePipeline from '../worker/pipeline.js';

const pipeline = new URL('../worker/pipeline.js', import.meta.url);

/** This broker, called through its typed proxy, as its users call it. */
export function brokerContender(
  about: Pick<Contender, 'name' | 'title' | 'settings'>,
  options: CommonOptions = {},
): Contender {
  return {
    ...about,
    package: '@dual/broker',
    carries: 'bytes',
    async open() {
      const broker = await Broker.start<typeof makePipeline>(pipeline, options);
      return {
        call: (method, payload) => broker.pipeline[method](payload),
        close: () => broker.close(),
      };
    },
  };
}
