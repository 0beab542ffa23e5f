/**
 * Loads a VGG-16 and predicts in a loop: what the bare engine does, without a service around it. Plain JavaScript
 * on the built package: a TypeScript loader alone would take half a gigabyte of the memory that is measured.
 *
 *   node bench/vgg16.mjs FILE [--engine NAME] [--threads N] [--batch N] [--seconds S]
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

import { loadModel } from '@dual/keras';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string', default: 'auto' },
    threads: { type: 'string' },
    batch: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '15' },
  },
});
const [file] = positionals;
const batch = Number(values.batch);

const RESOLUTION = 5;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
const begin = performance.now();
let reading = 0;
let longestBlock = 0;
const model = await loadModel(file, {
  architecture: 'vgg16',
  engine: values.engine,
  ...(values.threads === undefined ? {} : { threads: Number(values.threads) }),
  onProgress({ phase, loaded }) {
    if (phase === 'reading' && loaded === 0) {
      delay.enable();
      reading = performance.now();
    } else if (phase === 'building') {
      // The histogram holds times between two ticks of its timer.
      longestBlock = Math.max(0, delay.max / 1e6 - RESOLUTION);
      delay.disable();
      reading = performance.now() - reading;
    }
  },
});
const loading = performance.now() - begin;
const peakAfterLoading = peak();

const shape = [batch, ...model.inputs[0].shape.slice(1)];
const data = Float32Array.from(
  { length: shape.reduce((a, b) => a * b) },
  (_, index) => 100 * Math.sin(index),
);
const first = performance.now();
await model.warmUp();
const warmUp = performance.now() - first;

const times = [];
const until = performance.now() + 1000 * Number(values.seconds);
while (performance.now() < until) {
  const start = performance.now();
  await model.predict([{ data, shape }]);
  times.push((performance.now() - start) / batch);
}
times.sort((a, b) => a - b);
const mean = times.reduce((a, b) => a + b) / times.length;
console.log(
  [
    `engine                     ${model.engine}${values.threads === undefined ? '' : `, ${values.threads} thread(s)`}, batch ${batch}`,
    `load                       ${(loading / 1000).toFixed(2)} s, of which reading ${(reading / 1000).toFixed(2)} s`,
    `longest block while reading ${longestBlock.toFixed(0)} ms`,
    `peak RSS                   ${peakAfterLoading} MB after loading, ${peak()} MB in the end`,
    `first prediction           ${warmUp.toFixed(0)} ms`,
    `per image                  median ${times[times.length >> 1]?.toFixed(0) ?? ''} ms, best ${times[0]?.toFixed(0) ?? ''} ms`,
    `throughput                 ${(1000 / mean).toFixed(2)} images/s over ${times.length * batch} images`,
  ].join('\n'),
);
await model.dispose();

function peak() {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}
