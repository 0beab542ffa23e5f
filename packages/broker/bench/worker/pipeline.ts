import { echo, sink, usage } from './methods.js';

/** The pipeline of the broker's contenders. */
export default function makePipeline() {
  return { echo, sink, usage };
}
