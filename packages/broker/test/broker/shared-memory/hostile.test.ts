import { describe, expect, test } from '@jest/globals';
import { fixture, startBroker } from '../../support/brokers.js';
import { expectSame } from '../../support/bytes.js';
import { caughtError } from '../../support/errors.js';
import { exit } from '../../support/events.js';
import { MIB, bytes } from '../../support/shared-memory.js';

describe('places that the child cannot have: ProtocolError, killed and restarted', () => {
  const SIZE = 32 * MIB;
  const INLINE = [0, 0];
  const OUTBOX = [SIZE / 2, 100_000];

  /** A result with so many buffers, some of them in shared memory. */
  function forged(
    entries: readonly (readonly number[])[],
    inline: readonly Buffer[] = [],
    type = 18 | 0x80,
  ): Buffer {
    const table = Buffer.alloc(entries.length * 8);
    for (const [i, [offset = 0, length = 0]] of entries.entries())
      table.writeUInt32LE(length, table.writeUInt32LE(offset, i * 8));
    // A list of ArrayBuffers.
    const metadata = Buffer.from([9, entries.length, ...entries.map(() => 12)]);
    const buffers = [...inline, table];
    const head = Buffer.alloc(16 + 4 * buffers.length);
    head.writeUInt8(type, 0);
    head.writeUInt32LE(2, 4);
    head.writeUInt32LE(metadata.length, 8);
    head.writeUInt32LE(buffers.length, 12);
    for (const [i, { length }] of buffers.entries()) head.writeUInt32LE(length, 16 + 4 * i);
    return Buffer.concat([head, metadata, ...buffers]);
  }

  const noTable = Buffer.concat([Buffer.from([18 | 0x80, 0, 0, 0, 2]), Buffer.alloc(11)]);
  const brokenTable = Buffer.concat([
    Buffer.from([18 | 0x80, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0]),
    Buffer.alloc(7),
  ]);

  test.each<[string, Buffer]>([
    ['beyond the end', forged([[SIZE - 50, 100]])],
    ['far beyond the end', forged([[2 ** 32 - 1, 2 ** 32 - 1]])],
    ['a length that leads beyond the end', forged([[SIZE / 2, 2 ** 32 - 1]])],
    ["the broker's own part", forged([[64, 100]])],
    ['the head', forged([[1, 4]])],
    ['from the one part into the other', forged([[SIZE / 2 - 8, 16]])],
    ['the same memory, over and over', forged(Array.from({ length: 200 }, () => OUTBOX))],
    ['more than one message may have', forged([[SIZE / 2, SIZE / 2], OUTBOX])],
    ['one good, one bad', forged([OUTBOX, [SIZE, 1]])],
    ['a buffer that is not there', forged([INLINE, OUTBOX])],
    ['a buffer that is not named', forged([OUTBOX], [Buffer.alloc(5)])],
    ['no table', noTable],
    ['a table of 7 bytes', brokenTable],
    ['mapped twice', Buffer.concat([Buffer.from([25]), Buffer.alloc(15)])],
  ])('%s', async (_, frame) => {
    const broker = await startBroker(fixture('hostile.mjs'), { sharedMemory: { size: SIZE } });
    const pid = await broker.call('pid', []);
    const exited = exit(broker);
    const error = await caughtError(broker.call('write', [3, frame]));
    expect(error).toMatchObject({ name: 'ProtocolError', code: 'ERR_DUAL_PROTOCOL', pid, started: true });
    expect(await exited).toMatchObject({ reason: 'protocol', signal: 'SIGKILL' });
    expectSame(await broker.call('echo', [bytes(MIB)]), bytes(MIB));
  });

  test('arguments of another call', async () => {
    const broker = await startBroker(fixture('hostile.mjs'), { sharedMemory: { size: SIZE } });
    await broker.call('echo', [bytes(MIB)]);
    // Where the arguments of the call before were.
    const error = await caughtError(broker.call('write', [3, forged([[64, MIB]])]));
    expect(error).toMatchObject({ code: 'ERR_DUAL_PROTOCOL' });
  });

  test('more than maxMessageBytes', async () => {
    const broker = await startBroker(fixture('hostile.mjs'), {
      sharedMemory: { size: SIZE },
      maxMessageBytes: 50_000,
    });
    await broker.call('pid', []);
    const error = await caughtError(broker.call('write', [3, forged([OUTBOX])]));
    expect(error).toMatchObject({ code: 'ERR_DUAL_PROTOCOL' });
    expect(error.message).toContain('maxMessageBytes');
  });

  test('any memory where none is shared', async () => {
    const broker = await startBroker(fixture('hostile.mjs'), { sharedMemory: false });
    await broker.call('pid', []);
    const error = await caughtError(broker.call('write', [3, forged([OUTBOX])]));
    expect(error).toMatchObject({ code: 'ERR_DUAL_PROTOCOL' });
  });

  test('but its own part it may tell as it likes: what is there is copied', async () => {
    const broker = await startBroker(fixture('hostile.mjs'), { sharedMemory: { size: SIZE } });
    await broker.call('pid', []);
    expectSame(await broker.call('write', [3, forged([OUTBOX])]), [new ArrayBuffer(100_000)]);
  });
});
