import { setTimeout } from 'node:timers/promises';

import { expect, test } from '@jest/globals';

import { RestartPolicy } from '../../src/process/restart-policy.js';

const LATER = 600_000;

function pauses(policy: RestartPolicy, count: number): (number | undefined)[] {
  return Array.from({ length: count }, () => policy.next());
}

test('doubles the pauses up to maxDelay, with a random jitter of up to a half', () => {
  const policy = new RestartPolicy({
    limit: Infinity,
    within: LATER,
    minDelay: 100,
    maxDelay: 1_000,
    atStart: 0,
  });
  for (const longest of [100, 200, 400, 800, 1_000, 1_000]) {
    const pause = policy.next();
    expect(pause).toBeGreaterThanOrEqual(longest / 2);
    expect(pause).toBeLessThanOrEqual(longest);
  }
});

test('gives different pauses to many brokers', () => {
  const policies = Array.from(
    { length: 20 },
    () => new RestartPolicy({ limit: 1, within: LATER, minDelay: 1_000, maxDelay: 1_000, atStart: 0 }),
  );
  expect(new Set(policies.map((policy) => policy.next())).size).toBeGreaterThan(10);
});

test('allows `limit` restarts in a row, and counts from 0 again after forgive()', () => {
  const policy = new RestartPolicy({ limit: 2, within: LATER, minDelay: 1, maxDelay: 1, atStart: 0 });
  expect(pauses(policy, 4)).toEqual([expect.any(Number), expect.any(Number), undefined, undefined]);
  policy.forgive();
  expect(pauses(policy, 3)).toEqual([expect.any(Number), expect.any(Number), undefined]);
});

test('does not count restarts longer ago than `within`', async () => {
  const policy = new RestartPolicy({ limit: 1, within: 20, minDelay: 1, maxDelay: 1, atStart: 0 });
  expect(policy.next()).toBeDefined();
  const since = performance.now();
  while (performance.now() - since <= 25) await setTimeout(5);
  expect(policy.next()).toBeDefined();
});
