import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

import { afterEach, expect, test } from '@jest/globals';

import { openWire, type Wire } from '../../src/process/wire.js';

const open: Socket[] = [];

afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});

async function openReading(): Promise<{
  wire: Wire;
  received: () => string;
  arrived: (bytes: number) => Promise<void>;
}> {
  const space = Buffer.alloc(1_000);
  let filled = 0;
  let check = (): void => undefined;
  const wire = await openWire(
    {
      buffer: () => space.subarray(filled),
      callback: (bytes) => {
        filled += bytes;
        check();
        return true;
      },
    },
    new AbortController().signal,
  );
  open.push(wire.ours, wire.theirs);
  return {
    wire,
    received: () => space.toString('latin1', 0, filled),
    arrived: (bytes) =>
      new Promise((resolve) => {
        check = () => {
          if (filled >= bytes) resolve();
        };
        check();
      }),
  };
}

test('bytes written to their end arrive in the buffer of our end', async () => {
  const { wire, received, arrived } = await openReading();
  wire.theirs.write('hello');
  await arrived(5);
  expect(received()).toBe('hello');
});

test('each end closes when the other end is destroyed', async () => {
  const first = await openReading();
  first.wire.theirs.resume();
  first.wire.ours.destroy();
  await once(first.wire.theirs, 'close');

  const second = await openReading();
  second.wire.theirs.destroy();
  await once(second.wire.ours, 'close');
});

/** Names of the broker's listening sockets, as every process on the machine can see them. */
function listening(): string[] {
  const lines = readFileSync('/proc/net/unix', 'latin1').split('\n');
  return lines.flatMap((line) => /00010000 .*@(dual-broker-[0-9a-f-]+)/.exec(line)?.[1] ?? []);
}

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('another process that connects to the address is disconnected', async () => {
  const before = new Set(listening());
  const opening = openReading();
  const [address] = listening().filter((name) => !before.has(name));
  if (address === undefined) throw new Error('no new socket is listening');
  const stranger = connect(`\0${address}`);
  open.push(stranger);
  stranger.on('error', () => undefined);
  stranger.write(Buffer.alloc(16));
  const ended = new Promise((resolve) => stranger.resume().once('close', resolve));

  const { wire, received, arrived } = await opening;
  await ended;
  wire.theirs.write('hello');
  await arrived(5);
  expect(received()).toBe('hello');
  expect(stranger.bytesRead).toBe(0);
});

test('no socket listens once the wire is open', async () => {
  const before = new Set(listening());
  const { wire } = await openReading();
  await new Promise(setImmediate);
  expect(listening().filter((name) => !before.has(name))).toEqual([]);
  expect(wire.ours.destroyed).toBe(false);
});

test('an attempt that is aborted rejects with the reason', async () => {
  const onread = { buffer: Buffer.alloc(8), callback: () => true };
  const attempt = new AbortController();
  const opening = openWire(onread, attempt.signal);
  attempt.abort(new Error('told to end'));
  await expect(opening).rejects.toThrow('told to end');
});
