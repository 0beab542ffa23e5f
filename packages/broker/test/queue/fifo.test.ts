import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Fifo } from '../../src/queue/fifo.js';

/** Random operations on the queue and on an array, which is slow and right. */
test('behaves as an array does', () => {
  const operation = fc.oneof(
    fc.constant('push' as const),
    fc.constant('unshift' as const),
    fc.constant('shift' as const),
    fc.nat({ max: 20 }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const fifo = new Fifo<{ id: number }>();
      const model: { id: number }[] = [];
      const known: { id: number }[] = [];
      for (const what of operations) {
        if (what === 'push' || what === 'unshift') {
          const item = { id: known.length };
          known.push(item);
          fifo[what](item);
          model[what](item);
        } else {
          const item = what === 'shift' ? model[0] : known[what];
          if (item === undefined) continue;
          expect(fifo.delete(item)).toBe(model.includes(item));
          if (model.includes(item)) model.splice(model.indexOf(item), 1);
        }
        expect(fifo.first).toBe(model[0]);
      }
      for (let first = fifo.first; first !== undefined; first = fifo.first) {
        expect(first).toBe(model.shift());
        fifo.delete(first);
      }
      expect(model).toEqual([]);
    }),
  );
});

test('100 000 values are deleted from the middle in no time worth mentioning', () => {
  const fifo = new Fifo<object>();
  const values = Array.from({ length: 100_000 }, () => ({}));
  for (const value of values) fifo.push(value);
  for (const value of values.slice(1).toReversed()) expect(fifo.delete(value)).toBe(true);
  expect(fifo.first).toBe(values[0]);
});
