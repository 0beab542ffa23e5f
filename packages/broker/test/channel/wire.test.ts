import { decodeValue, describeThrown, encodeValue, payloadBytes, reviveThrown } from '@dual/broker/wire';
import { expect, test } from '@jest/globals';

test('@dual/broker/wire carries values and errors as the broker does', () => {
  const value = { name: 'image', pixels: new Float32Array([1, 2]), tags: new Map([['a', 1n]]) };
  const payload = encodeValue(value, 'value');
  expect(payloadBytes(payload)).toBeGreaterThan(8);
  expect(decodeValue(payload)).toEqual(value);
  const error = Object.assign(new RangeError('too large', { cause: new Error('inner') }), {
    code: 'E_LARGE',
  });
  const revived = reviveThrown(describeThrown(error, undefined));
  expect(revived).toBeInstanceOf(RangeError);
  expect(revived).toMatchObject({ message: 'too large', code: 'E_LARGE', cause: { message: 'inner' } });
});
