/**
 * Compares how many images per second the service answers for 4 clients with the rate of the bare engine in a loop. The
 * two take turns, so that other load on the machine affects both.
 *
 *   node bench/throughput.mjs --weights FILE [--engine onnxruntime] [--seconds 15] [--rounds 6]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { load, median, photo, startService } from './service.mjs';

const { values } = parseArgs({
  options: {
    weights: { type: 'string' },
    engine: { type: 'string', default: 'onnxruntime' },
    seconds: { type: 'string', default: '15' },
    rounds: { type: 'string', default: '6' },
  },
});
if (values.weights === undefined)
  throw new Error('--weights is missing. Give the weights file that the service and the bare engine load.');
const SECONDS = Number(values.seconds);
const image = await photo();
const bare = fork(fileURLToPath(new URL('bare-engine.mjs', import.meta.url)), [
  values.weights,
  values.engine,
]);
await once(bare, 'message');
const service = await startService(['--weights', values.weights, '--engine', values.engine]);
// Warm up both before the first measurement.
bare.send(1);
await once(bare, 'message');
await load(service.url, image, { clients: 4, seconds: 1 });

const rates = { bare: [], service: [], ratio: [] };
for (let round = 0; round < Number(values.rounds); round++) {
  bare.send(SECONDS);
  const [alone] = await once(bare, 'message');
  const served = await load(service.url, image, { clients: 4, seconds: SECONDS });
  rates.bare.push(alone.predicted / alone.seconds);
  rates.service.push(served.answered / served.seconds);
  rates.ratio.push(rates.service.at(-1) / rates.bare.at(-1));
  console.log(
    `round ${round + 1}: bare ${rates.bare.at(-1).toFixed(2)}/s, service ${rates.service.at(-1).toFixed(2)}/s, ratio ${rates.ratio.at(-1).toFixed(3)}`,
  );
}
const middle = (name) => median(rates[name]);
console.log(
  `${values.engine}, median of ${values.rounds} rounds of ${SECONDS} s: bare ${middle('bare').toFixed(2)}/s, ` +
    `service ${middle('service').toFixed(2)}/s, ratio ${middle('ratio').toFixed(3)}`,
);
bare.disconnect();
await service.stop();
