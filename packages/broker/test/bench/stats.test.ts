import { expect, test } from '@jest/globals';

import { median, summarize } from '../../bench/stats.js';

test('takes the middle value as the median, or the mean of the two middle values', () => {
  expect(median([5])).toBe(5);
  expect(median([9, 1, 5])).toBe(5);
  expect(median([10, 9, 1, 2])).toBe(5.5);
});

test('sorts values as numbers, and leaves the array of the caller unchanged', () => {
  const values = [100, 20, 3];
  expect(median(values)).toBe(20);
  expect(values).toEqual([100, 20, 3]);
});

test('rejects an empty list of values', () => {
  expect(() => median([])).toThrow(RangeError);
});

test('takes the median time over turns, and divides the total CPU time by all calls', () => {
  const summary = summarize([
    { time: 10, calls: 100, cpu: 1000, loopDelay: undefined },
    { time: 30, calls: 10, cpu: 500, loopDelay: undefined },
    { time: 20, calls: 40, cpu: 3000, loopDelay: undefined },
  ]);
  expect(summary).toEqual({ turns: 3, time: 20, best: 10, cpu: 30, loopDelay: undefined });
});

test('takes the median loop delay over turns', () => {
  const turn = { time: 10, calls: 1, cpu: 10 };
  const delays = [3, 1, 8].map((loopDelay) => ({ ...turn, loopDelay }));
  expect(summarize(delays).loopDelay).toBe(3);
});
