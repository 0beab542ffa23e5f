import { ClusterWorker } from 'poolifier';
import type { Payload } from './methods.js';
import { echo, sink, usage } from './methods.js';

export default new ClusterWorker<Payload>({
  echo: (payload?: Payload) => echo(payload ?? ''),
  sink: (payload?: Payload) => sink(payload ?? ''),
  usage,
});
