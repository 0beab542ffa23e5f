/**
 * Measures how long `GET /` takes while predictions run without a pause. The model's process is pinned to one core, the
 * web server and its clients to the others (`taskset`, so Linux only).
 *
 * A request is due every 20 ms. If an earlier answer delays it, its time counts from the moment when it was due. So a
 * stall counts in full (no coordinated omission).
 *
 *   node bench/responsiveness.mjs --weights FILE [--engine onnxruntime] [--seconds 30] [--core 0]
 */
import { execFileSync } from 'node:child_process';
import { Agent, request } from 'node:http';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { load, photo, quantile, startService } from './service.mjs';

const { values } = parseArgs({
  options: {
    weights: { type: 'string' },
    engine: { type: 'string', default: 'onnxruntime' },
    seconds: { type: 'string', default: '30' },
    core: { type: 'string', default: '0' },
  },
});
const SECONDS = Number(values.seconds);
const image = await photo();
const service = await startService([
  ...(values.weights ? ['--weights', values.weights] : []),
  '--engine',
  values.engine,
]);
const others = Array.from({ length: availableParallelism() }, (_, core) => `${core}`).filter(
  (core) => core !== values.core,
);
pin(service.model(), values.core);
if (others.length > 0) for (const pid of [service.pid, process.pid]) pin(pid, others.join());

const agent = new Agent({ keepAlive: true });
const quiet = await measure(Math.min(SECONDS, 5));
const stop = new AbortController();
const predicting = load(service.url, image, { clients: 4, seconds: SECONDS + 60, signal: stop.signal });
const busy = await measure(SECONDS);
stop.abort();
const { answered } = await predicting;
report('no prediction running', quiet);
report(`while ${answered} images were classified (${values.engine} on core ${values.core})`, busy);
await service.stop();
agent.destroy();

async function measure(forSeconds) {
  const times = [];
  const began = performance.now();
  for (let due = began; due < began + forSeconds * 1000; due += 20) {
    const early = due - performance.now();
    if (early > 0) await delay(early);
    const from = early > 0 ? performance.now() : due;
    await get();
    times.push(performance.now() - from);
  }
  return times;
}

function pin(pid, cores) {
  execFileSync('taskset', ['-a', '-c', '-p', cores, String(pid)], { stdio: 'ignore' });
}

function get() {
  return new Promise((resolve, reject) => {
    request(`${service.url}/`, { agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`GET / answered ${response.statusCode}`));
      response.resume().once('end', resolve);
    })
      .once('error', reject)
      .end();
  });
}

function report(title, times) {
  const [p50, p99] = [0.5, 0.99].map((share) => quantile(times, share).toFixed(1));
  console.log(
    `GET /, ${title}: ${times.length} requests, p50 ${p50} ms, p99 ${p99} ms, longest ${Math.max(...times).toFixed(1)} ms`,
  );
}
