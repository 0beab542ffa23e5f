/**
 * What `predict` adds to the engine's own call: a model runs through the package, and through ONNX Runtime alone from the
 * file that `toOnnx` writes, in turns.
 *
 *   node bench/overhead.mjs MODEL.keras [--rounds N]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

import { inspectModel, loadModel, toOnnx } from '@dual/keras';
import * as ort from 'onnxruntime-node';

const CALLS = 200;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '15' } },
});
const [FILE = ''] = positionals;
const folder = await mkdtemp(path.join(tmpdir(), 'overhead-'));
try {
  const onnx = path.join(folder, 'model.onnx');
  await toOnnx(FILE, onnx);
  const model = await loadModel(FILE, { engine: 'onnxruntime', threads: 1 });
  const session = await ort.InferenceSession.create(onnx, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const shape = [1, ...model.inputs[0].shape.slice(1)];
  const data = new Float32Array(shape.reduce((product, n) => product * n, 1)).fill(0.5);
  const [here, alone] = [[], []];
  for (let round = 0; round < Number(values.rounds); round++) {
    here.push(await microseconds(() => model.predict([{ data, shape }])));
    const name = session.inputNames[0];
    alone.push(await microseconds(() => session.run({ [name]: new ort.Tensor('float32', data, shape) })));
  }
  const added = here.map((time, round) => time - alone[round]);
  console.log(`predict ${median(here).toFixed(0)} µs, the engine alone ${median(alone).toFixed(0)} µs`);
  console.log(`predict adds ${median(added).toFixed(0)} µs`);
  const times = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const start = performance.now();
    await inspectModel(FILE);
    times.push(performance.now() - start);
  }
  console.log(`inspectModel takes ${median(times).toFixed(0)} ms, the first time ${times[0].toFixed(0)} ms`);
  await model.dispose();
  await session.release();
} finally {
  await rm(folder, { recursive: true });
}

async function microseconds(call) {
  const start = performance.now();
  for (let index = 0; index < CALLS; index++) await call();
  return (1000 * (performance.now() - start)) / CALLS;
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
