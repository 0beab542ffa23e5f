import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

import type { Connection } from '../contender.js';
import { median, type Turn } from '../stats.js';
import type { Task } from '../tasks.js';
import { workerUsage } from './usage.js';

/** How often the event loop is looked at, in ms. */
const RESOLUTION = 1;

/**
 * Has a contender do a task for about `duration` ms, and times it.
 *
 * Two calls go before the clock starts: others had the caches, and the processor, until now.
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
  // A thread's time is part of its process's.
  const worker = workerAfter.pid === process.pid ? 0 : workerAfter.cpu - workerBefore.cpu;
  return {
    time: 1000 * (inFlight === 1 ? median(latencies) : elapsed / calls),
    calls,
    cpu: user + system + worker,
    // The histogram holds the time between two looks.
    loopDelay: loop && Math.max(0, loop.percentile(99) / 1e6 - RESOLUTION),
  };
}
