import { Broker } from '@dual/broker';

import Primes from './primes.js';

/** @type {Broker<typeof Primes>} */
const broker = await Broker.start(new URL('./primes.js', import.meta.url));

let ticks = 0;
setInterval(() => ticks++, 10).unref();

console.log(
  'in a process of its own:',
  await broker.pipeline.countBelow(30_000_000),
  'primes,',
  ticks,
  'ticks',
);
ticks = 0;
console.log('in this process:        ', new Primes().countBelow(30_000_000), 'primes,', ticks, 'ticks');
