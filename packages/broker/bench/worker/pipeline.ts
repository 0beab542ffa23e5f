import { echo, sink, usage } from './methods.js';

/** The pipeline that a broker runs. */
export default function makePipeline() {
  return { echo, sink, usage };
}
