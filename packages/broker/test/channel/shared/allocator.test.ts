import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { Allocator } from '../../../src/channel/shared/allocator.js';
import { ALIGNMENT, contains } from '../../../src/channel/shared/layout.js';

const SPAN = { offset: ALIGNMENT, length: 100 * ALIGNMENT };

interface Taken {
  readonly offset: number;
  readonly length: number;
}

/** Allocates so many bytes, or frees the one at this place among those that are taken. */
const step = fc.oneof(
  fc.record({ allocate: fc.integer({ min: 1, max: 40 * ALIGNMENT }) }),
  fc.record({ free: fc.nat(30) }),
);

function overlap(a: Taken, b: Taken): boolean {
  return a.offset < b.offset + b.length && b.offset < a.offset + a.length;
}

test('whatever is allocated and freed in whatever order: aligned, within its span, and never twice at once', () => {
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
      // Nothing is lost: once all is freed, the whole is there again in one piece.
      for (const { offset } of taken) allocator.free(offset);
      expect(allocator.used).toBe(0);
      expect(allocator.allocate(SPAN.length)).toBe(SPAN.offset);
    }),
  );
});

test('the first gap that is large enough is taken, so that the same sizes come to the same places', () => {
  const allocator = new Allocator(SPAN);
  const [first = 0, second = 0] = [allocator.allocate(10 * ALIGNMENT), allocator.allocate(20 * ALIGNMENT)];
  allocator.allocate(ALIGNMENT);
  allocator.free(first);
  expect(allocator.allocate(11 * ALIGNMENT)).toBeGreaterThan(second);
  expect(allocator.allocate(10 * ALIGNMENT)).toBe(first);
});

test('what is not there is not given', () => {
  const allocator = new Allocator(SPAN);
  expect(allocator.allocate(SPAN.length + 1)).toBeUndefined();
  expect(allocator.allocate(SPAN.length)).toBe(SPAN.offset);
  expect(allocator.allocate(1)).toBeUndefined();
});

test('what was not allocated cannot be freed, nor anything twice', () => {
  const allocator = new Allocator(SPAN);
  const offset = allocator.allocate(1) ?? 0;
  allocator.free(offset);
  expect(() => {
    allocator.free(offset);
  }).toThrow(RangeError);
});
