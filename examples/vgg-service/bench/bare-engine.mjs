/** A process that loads a model. The parent sends a number of seconds, and the process predicts in a loop for that long. */
import { performance } from 'node:perf_hooks';

import { loadModel } from '@dual/keras';

const [weights, engine] = process.argv.slice(2);
const model = await loadModel(weights, { architecture: 'vgg16', engine });
const shape = [1, ...model.inputs[0].shape.slice(1)];
const data = Float32Array.from(
  { length: shape.reduce((a, b) => a * b) },
  (_, index) => 100 * Math.sin(index),
);
await model.warmUp();
process.on('message', async (seconds) => {
  const began = performance.now();
  let predicted = 0;
  while (performance.now() - began < seconds * 1000) {
    await model.predict([{ data, shape }]);
    predicted++;
  }
  process.send({ predicted, seconds: (performance.now() - began) / 1000 });
});
process.send('ready');
