import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

import type { Connection } from '../contender.js';
import { median, type Turn } from '../stats.js';
import type { Task } from '../tasks.js';
import { workerUsage } from './usage.js';

/** Interval in ms at which the event loop is sampled. */
const RESOLUTION = 1;

/**
 * Times a contender at a task for about `duration` ms.
 *
 * Two calls run before the clock starts, because other contenders have just filled the CPU caches.
 */
export async function takeTurn(connection: Connection, task: Task, duration: number): Promise<Turn> {
  const { call } = connection;
  const { method, payload, inFlight } = task;
  await call(method, payload);
  await call(method, payload);

  const workerBefore = await workerUsage(connection);
  const loop = task.watchesLoop ? monitorEventLoopDelay({ resolution: RESOLUTION }) : undefined;
  const before = process.cpuUsage();
  loop?.enable();
  const start = performance.now();
  const latencies: number[] = [];
  const oneAfterTheOther = async (): Promise<void> => {
    let now = performance.now();
    do {
      const submitted = now;
      await call(method, payload);
      now = performance.now();
      latencies.push(now - submitted);
    } while (now - start < duration);
  };
  await Promise.all(Array.from({ length: inFlight }, oneAfterTheOther));
  const elapsed = performance.now() - start;
  loop?.disable();
  const { user, system } = process.cpuUsage(before);
  const workerAfter = await workerUsage(connection);

  const calls = latencies.length;
  // The CPU time of this process already includes that of a worker thread.
  const worker = workerAfter.pid === process.pid ? 0 : workerAfter.cpu - workerBefore.cpu;
  return {
    time: 1000 * (inFlight === 1 ? median(latencies) : elapsed / calls),
    calls,
    cpu: user + system + worker,
    // The histogram records the time between two samples, so the interval itself is no delay.
    loopDelay: loop && Math.max(0, loop.percentile(99) / 1e6 - RESOLUTION),
  };
}
