import { describe, expect, test } from '@jest/globals';

import { BatchCost } from '../../src/queue/batch-cost.js';

describe('the cost of batches', () => {
  test.each([
    [20, 1],
    [0, 5],
    [100, 0.1],
  ])('of %p ms and %p ms per call is learned from batches of various sizes', (fixed, perCall) => {
    const cost = new BatchCost();
    for (let i = 0; i < 200; i += 1) {
      const size = 1 + ((i * 7) % 32);
      cost.add(size, fixed + perCall * size);
    }
    expect(cost.fixed).toBeCloseTo(fixed, 3);
  });

  test('is learned anew when it changes', () => {
    const cost = new BatchCost();
    for (let i = 0; i < 100; i += 1) cost.add(1 + (i % 8), 50 + (i % 8));
    for (let i = 0; i < 200; i += 1) cost.add(1 + (i % 8), 10 + 2 * (i % 8));
    expect(cost.fixed).toBeCloseTo(8, 1);
  });

  test('counts as fixed if all batches have the same size, and is unknown before the first batch', () => {
    const cost = new BatchCost();
    expect(cost.fixed).toBeUndefined();
    for (let i = 0; i < 10; i += 1) cost.add(4, 30);
    expect(cost.fixed).toBeCloseTo(30, 6);
  });
});
