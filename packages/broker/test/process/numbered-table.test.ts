import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { NumberedTable } from '../../src/process/numbered-table.js';

test('behaves like a Map when values are added and deleted at random', () => {
  const operation = fc.record({
    adds: fc.boolean(),
    count: fc.integer({ min: 1, max: 400 }),
    which: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 20 }), (operations) => {
      const table = new NumberedTable<{ id: number }>();
      const model = new Map<number, { id: number }>();
      const given = new Set<number>();
      for (const { adds, count, which } of operations) {
        for (let i = 0; i < count; i += 1) {
          if (adds) {
            const item = { id: table.newId() };
            expect(given.has(item.id)).toBe(false);
            given.add(item.id);
            table.add(item);
            model.set(item.id, item);
          } else {
            const item = [...model.values()][which % Math.max(1, model.size)];
            if (item === undefined) continue;
            expect(table.delete(item)).toBe(true);
            expect(table.delete(item)).toBe(false);
            expect(table.get(item.id)).toBeUndefined();
            model.delete(item.id);
          }
        }
        expect(table.size).toBe(model.size);
        expect(table.all).toEqual([...model.values()]);
        for (const [id, item] of model) expect(table.get(id)).toBe(item);
      }
    }),
    { numRuns: 50 },
  );
});

test('finds a value that stays while many others come and go, and never reuses its id', () => {
  const table = new NumberedTable<{ id: number }>();
  const long = { id: table.newId() };
  table.add(long);
  for (let i = 0; i < 100_000; i += 1) {
    const item = { id: table.newId() };
    expect(item.id === long.id).toBe(false);
    table.add(item);
    table.delete(item);
  }
  expect(table.get(long.id)).toBe(long);
  expect(table.all).toEqual([long]);
});
