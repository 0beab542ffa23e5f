import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { Durations } from '../../src/observe/durations.js';

/** Percentiles may be off by 1 %, or by 1 µs. */
const TOLERANCE = 1.01;
const MICROSECOND = 0.001;

test('percentiles, mean and maximum are exact to 1 %, from 1 µs to a month', () => {
  const times = fc.double({ min: 0, max: 30 * 24 * 3_600_000, noNaN: true });
  fc.assert(
    fc.property(fc.array(times, { minLength: 1, maxLength: 300 }), (all) => {
      const durations = new Durations();
      for (const ms of all) durations.add(ms);
      const { count, mean, p50, p90, p99, max } = durations.summary;
      expect(count).toBe(all.length);
      const exactMean = all.reduce((sum, ms) => sum + ms, 0) / all.length;
      expectBetween(mean, exactMean, exactMean);
      const sorted = all.toSorted((a, b) => a - b);
      for (const [value, percent] of [
        [p50, 50],
        [p90, 90],
        [p99, 99],
        [max, 100],
      ] as const) {
        // If the rank is not an integer, both neighbours are correct.
        const rank = (sorted.length * percent) / 100 - 1;
        expectBetween(value, sorted[Math.max(0, Math.floor(rank))], sorted[Math.ceil(rank)]);
      }
    }),
  );
});

function expectBetween(value: number | undefined, low = NaN, high = NaN): void {
  expect(value).toBeGreaterThanOrEqual(low / TOLERANCE - MICROSECOND);
  expect(value).toBeLessThanOrEqual(high * TOLERANCE + MICROSECOND);
}
