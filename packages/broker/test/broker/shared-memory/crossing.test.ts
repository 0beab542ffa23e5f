import { types } from 'node:util';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { expectSame } from '../../support/bytes.js';
import { bytes, KIB, memory, MIB, startSharing } from '../../support/shared-memory.js';

describe('shared memory', () => {
  test.each([
    Buffer.alloc(0).constructor.name,
    'Uint8Array',
    'Int8Array',
    'Uint8ClampedArray',
    'Int16Array',
    'Uint16Array',
    'Int32Array',
    'Uint32Array',
    'Float32Array',
    'Float64Array',
    'BigInt64Array',
    'BigUint64Array',
    'DataView',
    'ArrayBuffer',
  ])('carries a %s unchanged, into separate memory of exactly its size', async (name) => {
    const broker = await startSharing();
    const { buffer } = bytes(96 * KIB);
    const View: unknown = Reflect.get(globalThis, name);
    const value: unknown =
      name === 'Buffer'
        ? Buffer.from(buffer)
        : name === 'ArrayBuffer'
          ? buffer
          : Reflect.construct(View as new () => object, [buffer]); // by its name
    for (const method of ['echo', 'later'] as const) {
      const back = await broker.call(method, [value]);
      expectSame(back, value);
      const memoryOf = ArrayBuffer.isView(back) ? back.buffer : back;
      expect(memoryOf).toHaveProperty('byteLength', buffer.byteLength);
    }
    expect(memory(broker)?.used).toBe(0);
  });

  test.each([-1, 0, 1])('carries a buffer of the threshold plus %d bytes unchanged', async (more) => {
    const broker = await startSharing({ sharedMemory: { threshold: 16 * KIB } });
    const value = bytes(16 * KIB + more);
    expectSame(await broker.call('echo', [value]), value);
    expectSame(await broker.call('bytes', [16 * KIB + more]), new Uint8Array(16 * KIB + more).fill(7));
  });

  test('carries many buffers of all sizes in one call, even more than it has room for', async () => {
    const broker = await startSharing({ sharedMemory: { size: MIB } });
    const values = [0, 1, 100, 64 * KIB, 5, 200 * KIB, 300 * KIB, 64 * KIB, 2 * MIB, 90 * KIB].map(bytes);
    expectSame(await broker.call('echo', [values]), values);
    expectSame(
      await broker.call('many', [20, 100 * KIB]),
      Array.from({ length: 20 }, (_, i) => new Uint8Array(100 * KIB).fill(i)),
    );
    const [first = new Uint8Array(0)] = values;
    const thousands = Array.from({ length: 2_000 }, (_, i) => (i % 500 === 0 ? bytes(64 * KIB) : first));
    expectSame(await broker.call('echo', [thousands]), thousands);
    expect(memory(broker)?.used).toBe(0);
  });

  test.each([15, 16, 17, 40])('carries %d MiB unchanged', async (size) => {
    const broker = await startSharing();
    const value = bytes(size * MIB);
    expectSame(await broker.call('echo', [value]), value);
  });

  test('carries only the visible part of a larger buffer', async () => {
    const broker = await startSharing();
    const whole = new Float64Array(100_000).map((_, i) => i);
    const back = await broker.call('echo', [whole.subarray(7, 20_007)]);
    expectSame(back, whole.slice(7, 20_007));
    expect(back).toHaveProperty('buffer.byteLength', 160_000);
  });

  test("leaves the caller's array unchanged if the pipeline changes its own", async () => {
    const broker = await startSharing();
    const value = bytes(100 * KIB);
    expectSame(await broker.call('change', [value]), new Uint8Array(100 * KIB).fill(9));
    expectSame(value, bytes(100 * KIB));
  });

  test('carries any list of buffers unchanged, alone or in a Map', async () => {
    const broker = await startSharing({ sharedMemory: { size: MIB, threshold: 16 * KIB } });
    const length = fc.oneof(fc.nat(100), fc.integer({ min: 16 * KIB - 2, max: 200 * KIB }));
    const kind = fc.constantFrom(Uint8Array, Float32Array, Float64Array, BigInt64Array, Int16Array);
    const view = fc
      .tuple(kind, length, fc.nat(255))
      .map(([Kind, size, fill]) => new Kind(new Uint8Array(size * Kind.BYTES_PER_ELEMENT).fill(fill).buffer));
    const views = fc.array(view, { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(views, fc.constantFrom('echo', 'later'), fc.boolean(), async (sent, method, inMap) => {
        const back = await broker.call(method, [inMap ? new Map([['views', sent]]) : sent]);
        expectSame(types.isMap(back) ? back.get('views') : back, sent);
      }),
    );
    expect(memory(broker)?.used).toBe(0);
  });
});

test.each([MIB, 100_000])(
  'a result near maxMessageBytes (%d) crosses, or rejects without ending the process',
  async (maxMessageBytes) => {
    const broker = await startSharing({ maxMessageBytes });
    for (const less of [0, 10, 50, 100, 200]) {
      const value = bytes(maxMessageBytes - less);
      const outcome = await broker.call('bytes', [value.length]).catch((error: unknown) => error);
      if (types.isNativeError(outcome))
        expect(outcome).toMatchObject({ code: 'ERR_DUAL_SERIALIZATION', path: 'result' });
      else expectSame(outcome, new Uint8Array(value.length).fill(7));
    }
    expect(broker.stats().restarts).toBe(0);
  },
);

test('two brokers at once do not disturb each other', async () => {
  const [a, b] = [await startSharing(), await startSharing({ sharedMemory: { size: 4 * MIB } })];
  const values = Array.from({ length: 20 }, (_, i) => new Uint8Array(300 * KIB).fill(i));
  const backs = await Promise.all(
    values.map((value, i) => (i % 2 === 0 ? a : b).call(i % 3 === 0 ? 'later' : 'echo', [value])),
  );
  expectSame(backs, values);
});
