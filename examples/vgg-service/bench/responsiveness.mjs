/**
 * How long `GET /` takes while predictions run without a pause, the model's process being held to one core (Linux,
 * `taskset`). The page is asked for once every 20 ms or, where that takes longer, as soon as the last one is there.
 *
 *   node bench/responsiveness.mjs --weights FILE [--engine onnxruntime] [--seconds 30] [--core 0]
 */
import { execFileSync } from 'node:child_process';
import { request, Agent } from 'node:http';
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
const seconds = Number(values.seconds);
const image = await photo();
const service = await startService([
  ...(values.weights ? ['--weights', values.weights] : []),
  '--engine',
  values.engine,
]);
execFileSync('taskset', ['-a', '-c', '-p', values.core, String(service.model())], { stdio: 'ignore' });

const agent = new Agent({ keepAlive: true });
const quiet = await measure(Math.min(seconds, 5));
const stop = new AbortController();
const predicting = load(service.url, image, { clients: 4, seconds: seconds + 60, signal: stop.signal });
const busy = await measure(seconds);
stop.abort();
const { answered } = await predicting;
report('no prediction running', quiet);
report(`while ${answered} images were classified (${values.engine} on core ${values.core})`, busy);
await service.stop();
agent.destroy();

async function measure(forSeconds) {
  const times = [];
  const until = performance.now() + forSeconds * 1000;
  while (performance.now() < until) {
    const began = performance.now();
    await get();
    times.push(performance.now() - began);
    await delay(Math.max(0, 20 - (performance.now() - began)));
  }
  return times;
}

function get() {
  return new Promise((resolve, reject) => {
    request(`${service.url}/`, { agent }, (response) => {
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
