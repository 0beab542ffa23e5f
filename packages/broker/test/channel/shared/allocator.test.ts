import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { Allocator } from '../../../src/channel/shared/allocator.js';
import { ALIGNMENT, contains } from '../../../src/channel/shared/layout.js';

const SPAN = { offset: ALIGNMENT, length: 100 * ALIGNMENT };

interface Taken {
  readonly offset: number;
  readonly length: number;
}

/** Allocates this number of bytes, or frees the allocation at this index. */
const step = fc.oneof(
  fc.record({ allocate: fc.integer({ min: 1, max: 40 * ALIGNMENT }) }),
  fc.record({ free: fc.nat(30) }),
);

function overlap(a: Taken, b: Taken): boolean {
  return a.offset < b.offset + b.length && b.offset < a.offset + a.length;
}

test('allocates aligned places within its span that never overlap, in any order of allocations and frees', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const allocator = new Allocator(SPAN);
      const taken: Taken[] = [];
      for (const now of steps) {
        if ('free' in now) {
          const [one] = taken.splice(now.free, 1);
          if (one !== undefined) allocator.free(one.offset);
          continue;
        }
        const offset = allocator.allocate(now.allocate);
        if (offset === undefined) continue;
        const one = { offset, length: now.allocate };
        expect(offset % ALIGNMENT).toBe(0);
        expect(contains(SPAN, one)).toBe(true);
        expect(taken.filter((other) => overlap(one, other))).toEqual([]);
        taken.push(one);
      }
      expect(allocator.used).toBeGreaterThanOrEqual(taken.reduce((sum, { length }) => sum + length, 0));
      // Once everything is freed, the whole span is one gap again.
      for (const { offset } of taken) allocator.free(offset);
      expect(allocator.used).toBe(0);
      expect(allocator.allocate(SPAN.length)).toBe(SPAN.offset);
    }),
  );
});

test('takes the first gap that is large enough, so that equal sizes reuse the same places', () => {
  const allocator = new Allocator(SPAN);
  const [first = 0, second = 0] = [allocator.allocate(10 * ALIGNMENT), allocator.allocate(20 * ALIGNMENT)];
  allocator.allocate(ALIGNMENT);
  allocator.free(first);
  expect(allocator.allocate(11 * ALIGNMENT)).toBeGreaterThan(second);
  expect(allocator.allocate(10 * ALIGNMENT)).toBe(first);
});

test('returns undefined if no gap is large enough', () => {
  const allocator = new Allocator(SPAN);
  expect(allocator.allocate(SPAN.length + 1)).toBeUndefined();
  expect(allocator.allocate(SPAN.length)).toBe(SPAN.offset);
  expect(allocator.allocate(1)).toBeUndefined();
});

test('throws a RangeError if a place is freed twice', () => {
  const allocator = new Allocator(SPAN);
  const offset = allocator.allocate(1) ?? 0;
  allocator.free(offset);
  expect(() => {
    allocator.free(offset);
  }).toThrow(RangeError);
});
