import { ClusterWorker } from 'poolifier';

import { echo, type Payload, sink, usage } from './methods.js';

export default new ClusterWorker<Payload>({
  echo: (payload?: Payload) => echo(payload ?? ''),
  sink: (payload?: Payload) => sink(payload ?? ''),
  usage,
});
