import { expect, test } from '@jest/globals';

import { runProgram } from '../support/programs.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/** A program of its own, whose heap holds nothing of Jest's. */
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
 * One small object a call would make 100 000 × 50 bytes and more; what the heaps of two collections differ by for no
 * reason is half a MiB.
 */
const NOTHING = 4 * MIB;

/** Half a minute at most, on a machine that does nothing else. */
const TIMEOUT = 300_000;

test(
  '200 000 calls leave nothing behind, here or in the child: not settled calls, keys, results or listeners',
  async () => {
    const { here, child, kept, ...counts } = await measure('settled', 200_000);
    expect(counts).toEqual({
      succeeded: 194_000,
      failed: 4_000,
      cancelled: 2_000,
      // One for all calls that share a signal, for as long as there is the signal.
      listeners: 1,
    });
    // The program's `keep.results`.
    expect(kept).toBeLessThanOrEqual(100);
    expect(here).toBeLessThan(NOTHING);
    expect(child).toBeLessThan(NOTHING);
  },
  TIMEOUT,
);

test(
  '100 000 calls that wait take at most 3 KiB each beside their arguments, and give it back',
  async () => {
    // Two thirds of it are in use: a key of 36 characters, the promise and its two functions, where the call was made
    // from, the encoded arguments, and places in the queue and among the keys.
    const { each, left, right } = await measure('queued', 100_000);
    expect(each).toBeLessThan(3 * KIB);
    expect(left).toBeLessThan(NOTHING);
    expect(right).toBe(true);
  },
  TIMEOUT,
);

test('large results, and large arguments in the child, are given back with what is young, however a call is made', async () => {
  const left = await measure('young', 20);
  expect(Object.keys(left)).toEqual(['call', 'pipeline', 'submit', 'signal']);
  // Of 20 MiB. That of the last call may still be in use.
  for (const ends of Object.values(left)) {
    const { here, child } = ends as Record<string, number>;
    expect(here).toBeLessThan(3 * MIB);
    expect(child).toBeLessThan(3 * MIB);
  }
});
