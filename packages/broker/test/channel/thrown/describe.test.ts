import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { describeThrown } from '../../../src/channel/thrown/describe.js';
import { reviveThrown } from '../../../src/channel/thrown/revive.js';
import { decodeValue, encodeValue } from '../../../src/channel/values/codec.js';

test('any thrown value can be described and encoded', () => {
  fc.assert(
    fc.property(
      fc.anything({ withTypedArray: true, withMap: true, withSet: true, withNullPrototype: true }),
      (thrown) => {
        const payload = encodeValue(describeThrown(thrown), 'thrown');
        expect(decodeValue(payload)).toBeDefined();
      },
    ),
    { numRuns: 500 },
  );
});

test('thrown JSON values arrive equal', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (thrown) => {
      expect(reviveThrown(describeThrown(thrown))).toEqual(thrown);
    }),
  );
});

test('a chain of causes is cut off at 1,000 errors', () => {
  let error = new Error('0');
  for (let i = 1; i < 3_000; i += 1) error = new Error(String(i), { cause: error });
  const { errors } = describeThrown(error);
  expect(errors).toHaveLength(1_000);
});

test.each<[string, object]>([
  ['crosses', {}],
  ['is pruned', { part: () => 1, map: new Map([[1, () => 1]]) }],
])('a getter within a property that %s runs once', (_, others) => {
  let runs = 0;
  const details = {
    list: [
      {
        get count() {
          runs += 1;
          return runs;
        },
      },
    ],
    ...others,
  };
  const copy = reviveThrown(describeThrown(Object.assign(new Error('x'), { details })));
  expect(copy).toMatchObject({ message: 'x', details: { list: [{ count: 1 }] } });
  expect(runs).toBe(1);
});
