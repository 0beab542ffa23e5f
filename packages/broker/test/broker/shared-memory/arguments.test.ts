import { describe, expect, test } from '@jest/globals';

import { expectSame } from '../../support/bytes.js';
import { caughtError } from '../../support/errors.js';
import { bytes, KIB, memory, MIB, startSharing } from '../../support/shared-memory.js';

describe('arguments in the pipeline', () => {
  test('are detached at the end of the call, so that they never change later', async () => {
    const broker = await startSharing();
    for (const value of [bytes(100 * KIB), new Float32Array(100 * KIB)]) {
      await broker.call('keep', [value]);
      expect(await broker.call('kept', [])).toEqual([0, 'undefined']);
      const error = await caughtError(broker.call('returnKept', []));
      expect(error).toMatchObject({ code: 'ERR_DUAL_SERIALIZATION', path: 'result' });
      expect(error.message).toContain('result cannot cross to the other process: its memory is detached');
    }
  });

  test('stay valid after the call if they came through the pipe', async () => {
    const broker = await startSharing();
    const value = bytes(60 * KIB);
    await broker.call('keep', [value]);
    expectSame(await broker.call('returnKept', []), value);
  });

  test('stay valid and unchanged if the pipeline transfers their memory', async () => {
    const broker = await startSharing();
    await broker.call('transferAway', [bytes(100 * KIB)]);
    for (let i = 0; i < 3; i += 1) await broker.call('sum', [new Uint8Array(100 * KIB).fill(1)]);
    expectSame(await broker.call('returnKept', []), bytes(100 * KIB));
  });

  test('arrive unchanged if the pipeline returns them whole, in part, twice, or with an error', async () => {
    const broker = await startSharing();
    const value = bytes(200 * KIB);
    expectSame(await broker.call('part', [value, 10, 150_010]), value.slice(10, 150_010));
    expectSame(await broker.call('part', [value, 10, 13]), value.slice(10, 13));
    expectSame(await broker.call('part', [value, 10, 20_010]), value.slice(10, 20_010));
    expectSame(await broker.call('twice', [value]), [value, value.slice(1), value]);
    const large = bytes(7 * MIB);
    expectSame(await broker.call('twice', [large]), [large, large.slice(1), large]);
    const error = await caughtError(broker.call('fail', [value]));
    expect(error.message).toBe('with bytes');
    expectSame([error['bytes'], error['some']], [value, value.slice(0, 10)]);
    expect(memory(broker)?.used).toBe(0);
  });

  test('arrive unchanged if the pipeline reports them as progress, and then changes them', async () => {
    const broker = await startSharing();
    const reports: unknown[] = [];
    const value = bytes(100 * KIB);
    await broker.call('report', [value], { onProgress: (report) => reports.push(report) });
    expectSame(reports, [value]);
  });

  test('arrive unchanged if a stream yields them, and then changes them', async () => {
    const broker = await startSharing();
    const chunks: unknown[] = [];
    for await (const chunk of broker.stream('yieldAndChange', [bytes(100 * KIB)])) chunks.push(chunk);
    expectSame(
      chunks,
      [1, 2, 3].map((i) => new Uint8Array(100 * KIB).fill(i)),
    );
    expect(memory(broker)?.used).toBe(0);
  });
});
