import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { Fifo } from '../../src/queue/fifo.js';

test('behaves like a sorted array when values leave and return at random', () => {
  const operation = fc.record({
    what: fc.constantFrom('push', 'delete', 'put back'),
    which: fc.nat({ max: 20 }),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const fifo = new Fifo<{ order: number }>();
      const known: { order: number }[] = [];
      let model: { order: number }[] = [];
      for (const { what, which } of operations) {
        const item = what === 'push' ? { order: known.length } : known[which];
        if (item === undefined) continue;
        if (what === 'push') {
          known.push(item);
          fifo.push(item);
          model.push(item);
        } else if (what === 'delete') {
          expect(fifo.delete(item)).toBe(model.includes(item));
          model = model.filter((other) => other !== item);
        } else if (!model.includes(item)) {
          fifo.putBack(item);
          model = [...model, item].sort((a, b) => a.order - b.order);
        }
        expect(fifo.first).toBe(model[0]);
      }
      model.forEach((item, i) => {
        expect(fifo.after(item)).toBe(model[i + 1]);
      });
    }),
  );
});

test('deletes 100,000 values from the middle', () => {
  const fifo = new Fifo<{ order: number }>();
  const values = Array.from({ length: 100_000 }, (_, order) => ({ order }));
  for (const value of values) fifo.push(value);
  for (const value of values.slice(1).toReversed()) expect(fifo.delete(value)).toBe(true);
  expect(fifo.first).toBe(values[0]);
});
