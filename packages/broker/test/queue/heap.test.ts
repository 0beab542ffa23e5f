import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { Heap } from '../../src/queue/heap.js';

test('always has the smallest value first when values come, go and change at random', () => {
  const operation = fc.record({
    what: fc.constantFrom('add', 'change', 'delete'),
    which: fc.nat({ max: 20 }),
    rank: fc.nat({ max: 10 }),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 80 }), (operations) => {
      const heap = new Heap<{ rank: number }>((a, b) => a.rank < b.rank);
      const known: { rank: number }[] = [];
      const model = new Set<{ rank: number }>();
      for (const { what, which, rank } of operations) {
        const item = what === 'add' ? { rank } : known[which];
        if (item === undefined) continue;
        if (what === 'add') known.push(item);
        if (what === 'delete') {
          expect(heap.delete(item)).toBe(model.delete(item));
        } else {
          item.rank = rank;
          heap.update(item);
          model.add(item);
        }
        expect(heap.first?.rank ?? Infinity).toBe(Math.min(...[...model].map((other) => other.rank)));
      }
      const ranks = [...model].map((item) => item.rank).sort((a, b) => a - b);
      for (const rank of ranks) {
        const { first } = heap;
        expect(first?.rank).toBe(rank);
        if (first !== undefined) heap.delete(first);
      }
      expect(heap.first).toBeUndefined();
    }),
  );
});
