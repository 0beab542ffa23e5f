import { expect, test } from '@jest/globals';

import { runProgram } from '../support/programs.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Measures in a separate program, because Jest would add to the heap. */
async function measure(what: string, calls: number): Promise<Readonly<Record<string, unknown>>> {
  const { stdout, stderr } = await runProgram(
    'memory.mjs',
    [what, String(calls)],
    [process.execPath, '--expose-gc'],
  ).ended;
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Record<string, unknown>;
}

/**
 * Limit in bytes for the memory that remains. A leak of one small object per call would exceed it: 100,000 × 50 bytes. The
 * heap size after two collections differs by half a MiB without a leak.
 */
const NOTHING = 4 * MIB;

/** Time limit in ms. On an idle machine the tests need at most 30,000 ms. */
const TIMEOUT = 300_000;

test(
  '200,000 settled calls leave no memory in use, neither in the parent nor in the child',
  async () => {
    const { here, child, kept, ...counts } = await measure('settled', 200_000);
    expect(counts).toEqual({
      succeeded: 194_000,
      failed: 4_000,
      cancelled: 2_000,
      // All calls that share a signal share one listener, which stays as long as the signal.
      listeners: 1,
    });
    // The limit is `keep.results` of the program.
    expect(kept).toBeLessThanOrEqual(100);
    expect(here).toBeLessThan(NOTHING);
    expect(child).toBeLessThan(NOTHING);
  },
  TIMEOUT,
);

test(
  '100,000 waiting calls with small arguments take at most 3 KiB each, and free it afterwards',
  async () => {
    // Two thirds of that are in use: a key of 36 characters, the promise and its two functions, the call site, the
    // encoded arguments, and the places in the queue and in the table of keys.
    const { each, left, right } = await measure('queued', 100_000);
    expect(each).toBeLessThan(3 * KIB);
    expect(left).toBeLessThan(NOTHING);
    expect(right).toBe(true);
  },
  TIMEOUT,
);

test('a collection of the young generation frees large results, and large arguments in the child, for every way to call', async () => {
  const left = await measure('young', 20);
  expect(Object.keys(left)).toEqual(['call', 'pipeline', 'submit', 'signal']);
  // The calls used 20 MiB. The buffers of the last call may still be in use.
  for (const ends of Object.values(left)) {
    const { here, child } = ends as Record<string, number>;
    expect(here).toBeLessThan(3 * MIB);
    expect(child).toBeLessThan(3 * MIB);
  }
});
