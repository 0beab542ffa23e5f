import { readdirSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';

import { expectSame } from '../../support/bytes.js';
import { caughtError } from '../../support/errors.js';
import { exit, line } from '../../support/events.js';
import { gone } from '../../support/processes.js';
import { runProgram } from '../../support/programs.js';
import { bytes, KIB, memory, sharedBy, startSharing } from '../../support/shared-memory.js';
import { temporaryPath } from '../../support/temporary.js';

describe('the memory of a call', () => {
  const value = bytes(500 * KIB);

  test('is free after a result, an error, or an unknown method', async () => {
    const broker = await startSharing();
    await broker.call('sum', [value]);
    await broker.call('fail', [value]).catch(() => undefined);
    await broker.call('nothing', [value]).catch(() => undefined);
    expect(memory(broker)?.used).toBe(0);
  });

  test.each([
    ['timed out', { timeout: 1_000 }],
    ['was cancelled', {}],
  ])('that %s is not reused while the pipeline may still read it', async (_, options) => {
    const broker = await startSharing({ killDelay: { timeout: Infinity, cancel: Infinity } });
    const pid = Number(await broker.call('pid', []));
    const started = line(broker, 'started');
    const listening = line(broker, 'listening');
    const call = broker.submit('outlast', [new Uint8Array(value.length).fill(5)], options);
    await started;
    if (!('timeout' in options)) call.cancel();
    await caughtError(call.result);
    expect(memory(broker)?.used).toBeGreaterThanOrEqual(value.length);
    const next = broker.call('sum', [new Uint8Array(value.length).fill(1)]);
    const seen = line(broker, `sees ${value.length} of 5`);
    const ended = next.then(() => memory(broker)?.used);
    await listening;
    process.kill(pid, 'SIGUSR2');
    await seen;
    expect(await next).toBe(value.length);
    expect(await ended).toBe(0);
  });

  test.each(['crash', 'close', 'reload'])('is released together with its process (%s)', async (how) => {
    const before = readdirSync('/dev/shm');
    const broker = await startSharing();
    expect(sharedBy('self')).not.toEqual([]);
    if (how === 'crash') {
      const exited = exit(broker);
      expect(await caughtError(broker.call('dieWith', [value]))).toMatchObject({ signal: 'SIGKILL' });
      await exited;
      expectSame(await broker.call('echo', [value]), value);
    }
    if (how === 'reload') await broker.reload();
    if (how !== 'close') expect(sharedBy('self')).toHaveLength(1);
    await broker.close();
    expect(sharedBy('self')).toEqual([]);
    expect(readdirSync('/dev/shm')).toEqual(before);
  });

  test('has the original arguments if the call runs again after a crash', async () => {
    const broker = await startSharing();
    const path = temporaryPath();
    expectSame(await broker.call('changeAndDieOnce', [value, path], { retries: 1 }), value);
  });

  test('leaves nothing behind if both processes are killed', async () => {
    const before = readdirSync('/dev/shm');
    const program = runProgram('broker.mjs', ['spinWithMemory']);
    const [, pid] = await program.line(/^pid (\d+)$/);
    await program.line(/^spinning$/);
    expect(sharedBy(Number(pid))).toHaveLength(1);
    program.process.kill('SIGKILL');
    await program.ended;
    await gone(Number(pid));
    expect(readdirSync('/dev/shm')).toEqual(before);
  });

  test('is given back without a warning if the broker lives in a worker thread', async () => {
    const { exitCode, stdout, stderr } = await runProgram('worker-memory.mjs').ended;
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: 'used 512000\n', stderr: '' });
  });

  test('is not inherited by child processes of the pipeline', async () => {
    const broker = await startSharing();
    const pid = Number(await broker.call('start', []));
    expect(sharedBy(pid)).toEqual([]);
    expect(sharedBy(Number(await broker.call('pid', [])))).toHaveLength(1);
    process.kill(pid, 'SIGKILL');
    await gone(pid);
  });
});
