/**
 * Cancels a call that blocks its process, again and again, while other processes keep both cores busy, and measures how
 * soon the blocking code learns of it: `npm run soak:cancel`. Ends with 1 if fewer than all learn of it within 20 ms, or
 * if reading `currentCall().cancelled` takes more than 30 ns.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';

import { Broker } from '@dual/broker';

import { percentile } from './percentile.js';

/** The methods of `cancel-pipeline.mjs`. */
interface Solver {
  solve(): void;
  learnedAt(): number;
  cost(): number;
}

const CANCELS = 100;
const MAX_MS = 20;
const MAX_NS = 30;

const busy = Array.from({ length: availableParallelism() }, () =>
  spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
);
await using broker = await Broker.start<new () => Solver>(new URL('./cancel-pipeline.mjs', import.meta.url), {
  output: 'ignore',
});
try {
  const delays: number[] = [];
  for (let i = 0; i < CANCELS; i += 1) {
    const call = broker.submit('solve', []);
    call.result.catch(() => undefined);
    await once(broker, 'output');
    // Both processes read the same clock of the system.
    const cancelledAt = performance.timeOrigin + performance.now();
    call.cancel();
    delays.push((await broker.call('learnedAt', [])) - cancelledAt);
  }
  for (const child of busy) child.kill('SIGKILL');
  const ns = await broker.call('cost', []);
  const inTime = delays.filter((ms) => ms <= MAX_MS).length;
  console.log(`${inTime} of ${CANCELS} cancels were seen within ${MAX_MS} ms`);
  console.log(`p50 ${percentile(delays, 0.5).toFixed(2)} ms, longest ${Math.max(...delays).toFixed(2)} ms`);
  console.log(`currentCall().cancelled takes ${ns.toFixed(1)} ns`);
  if (inTime < CANCELS || ns > MAX_NS) process.exitCode = 1;
} finally {
  for (const child of busy) child.kill('SIGKILL');
}
