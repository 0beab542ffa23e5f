/**
 * Loads a VGG-16 and predicts in a loop, without a service around it. This is plain JavaScript on the built package,
 * because a TypeScript loader would add half a gigabyte to the memory that is measured.
 *
 *   node bench/vgg16.mjs FILE [--engine NAME] [--threads N] [--batch N] [--seconds S]
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

import { loadModel } from '@dual/keras';

/** Resolution of the event loop monitor in ms. */
const RESOLUTION_MS = 5;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string', default: 'auto' },
    threads: { type: 'string' },
    batch: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '15' },
  },
});
const [FILE] = positionals;
const BATCH = Number(values.batch);
const SECONDS = Number(values.seconds);

const { model, ...loading } = await load();
const predicting = await predictInALoop(model);
console.log(
  [
    `engine                     ${model.engine}${values.threads === undefined ? '' : `, ${values.threads} thread(s)`}, batch ${BATCH}`,
    `load                       ${(loading.ms / 1000).toFixed(2)} s, reading alone ${(loading.readingMs / 1000).toFixed(2)} s`,
    `longest block while reading ${loading.longestBlockMs.toFixed(0)} ms`,
    `peak RSS                   ${loading.peakMb} MB after loading, ${peakMb()} MB at the end`,
    `first prediction           ${predicting.warmUpMs.toFixed(0)} ms`,
    `per image                  median ${predicting.medianMs?.toFixed(0) ?? ''} ms, best ${predicting.bestMs?.toFixed(0) ?? ''} ms`,
    `throughput                 ${(1000 / predicting.meanMs).toFixed(2)} images/s over ${predicting.images} images`,
  ].join('\n'),
);
await model.dispose();

async function load() {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const begin = performance.now();
  let readingMs = 0;
  let longestBlockMs = 0;
  const model = await loadModel(FILE, {
    architecture: 'vgg16',
    engine: values.engine,
    ...(values.threads === undefined ? {} : { threads: Number(values.threads) }),
    onProgress({ phase, loaded }) {
      if (phase === 'reading' && loaded === 0) {
        delay.enable();
        readingMs = performance.now();
      } else if (phase === 'building') {
        // The histogram holds the time between two ticks of its timer, so subtract one normal interval.
        longestBlockMs = Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
        delay.disable();
        readingMs = performance.now() - readingMs;
      }
    },
  });
  return { model, ms: performance.now() - begin, readingMs, longestBlockMs, peakMb: peakMb() };
}

async function predictInALoop(model) {
  const shape = [BATCH, ...model.inputs[0].shape.slice(1)];
  const data = Float32Array.from(
    { length: shape.reduce((a, b) => a * b) },
    (_, index) => 100 * Math.sin(index),
  );
  const first = performance.now();
  await model.warmUp();
  const warmUpMs = performance.now() - first;

  const times = [];
  const until = performance.now() + 1000 * SECONDS;
  while (performance.now() < until) {
    const start = performance.now();
    await model.predict([{ data, shape }]);
    times.push((performance.now() - start) / BATCH);
  }
  times.sort((a, b) => a - b);
  return {
    warmUpMs,
    medianMs: times[times.length >> 1],
    bestMs: times[0],
    meanMs: times.reduce((a, b) => a + b) / times.length,
    images: times.length * BATCH,
  };
}

function peakMb() {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}
