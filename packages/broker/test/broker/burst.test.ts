import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { fixture, startBroker } from '../support/brokers.js';
import { exit } from '../support/events.js';
import { temporaryPath } from '../support/temporary.js';

const CALLS = 300;

test.each([
  [true, 'SIGKILL'],
  [true, 'SIGSEGV'],
  [true, 'exit'],
  [false, 'SIGKILL'],
])(
  'only the running call fails and no call runs twice if a process dies in a burst (shared memory: %s, %s)',
  async (sharedMemory, how) => {
    const broker = await startBroker(fixture('burst.mjs'), { sharedMemory });
    const file = temporaryPath();
    for (let i = 0; i < 100; i += 1) await broker.call('ping', []);
    for (const victim of [1, 17, 40, 63]) {
      const exited = exit(broker);
      const first = victim * CALLS;
      const outcomes = Array.from({ length: CALLS }, async (_, i) => {
        try {
          return await broker.call('note', [first + i, first + victim, file, how]);
        } catch (error) {
          return error;
        }
      });
      const settled = await Promise.all(outcomes);
      expect(await exited).toMatchObject({ reason: 'crash' });
      await broker.call('flush', [file]);
      await broker.reload();
      const failed = settled.flatMap((outcome, i) => (outcome === first + i ? [] : [i]));
      expect(failed).toEqual([victim]);
      expect(settled[victim]).toMatchObject({ name: 'ProcessExitError', started: true });
    }
    const ran = readFileSync(file, 'latin1').trim().split('\n');
    expect(ran.filter((call, i) => ran.indexOf(call) !== i)).toEqual([]);
    expect(ran).toHaveLength(4 * CALLS);
  },
);
