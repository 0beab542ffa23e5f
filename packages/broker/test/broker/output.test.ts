import type { OutputInfo } from '@dual/broker';
import { expect, test } from '@jest/globals';

import { startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { exit, line } from '../support/events.js';

test('an output function gets whole lines, with their stream and process', async () => {
  const lines: [string, OutputInfo][] = [];
  const broker = await startBroker(undefined, { output: (text, info) => lines.push([text, info]) });
  const pid = await broker.call('pid', []);
  const last = line(broker, 'last');
  await broker.call('print', ['one\ntwo\r\npart']);
  await broker.call('print', ['ial\n\nü']);
  await broker.call('print', ['ber\n']);
  await broker.call('print', ['last\n', 'stderr']);
  await last;
  await broker.close();
  const of = (stream: string): string[] =>
    lines.filter(([, info]) => info.stream === stream).map(([text]) => text);
  expect(of('stdout')).toEqual(['one', 'two', 'partial', '', 'über']);
  expect(of('stderr')).toEqual(['last']);
  expect(lines.every(([, info]) => info.pid === pid)).toBe(true);
});

test("the output event reports lines even with output 'ignore', and a last line without a line break", async () => {
  const broker = await startBroker(undefined, { output: 'ignore' });
  const whole = line(broker, 'whole');
  const part = line(broker, 'unfinished');
  await broker.call('print', ['whole\nunfinished']);
  await whole;
  await broker.close();
  await part;
});

test('a character that two reads of the pipe split arrives whole', async () => {
  const broker = await startBroker();
  const text = '€'.repeat(50_000);
  const written = line(broker, text.slice(0, 50_000));
  await broker.call('print', [`${text}\n`]);
  await written;
});

test('50 MB of output arrive completely, and calls go on', async () => {
  let bytes = 0;
  const broker = await startBroker(undefined, { output: (text) => (bytes += text.length + 1) });
  const chunk = `${'x'.repeat(999)}\n`.repeat(1_000);
  for (let i = 0; i < 50; i += 1) await broker.call('print', [chunk]);
  await broker.close();
  expect(bytes).toBe(50_000_000);
});

test('a very long line arrives in parts of bounded length', async () => {
  const lengths: number[] = [];
  const broker = await startBroker(undefined, { output: (text) => lengths.push(text.length) });
  await broker.call('print', ['y'.repeat(5_000_000)]);
  await broker.close();
  expect(Math.max(...lengths)).toBeLessThanOrEqual(128 * 1024);
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(5_000_000);
});

test('ignored output does not block the child, and the error still has the last lines of stderr', async () => {
  const broker = await startBroker(undefined, { output: 'ignore' });
  const chunk = 'z'.repeat(1_000_000);
  for (let i = 0; i < 10; i += 1) await broker.call('print', [`${chunk}\n`, 'stderr']);
  await broker.call('print', ['the end\n', 'stderr']);
  const exited = exit(broker);
  const error = await caughtError(broker.call('exit', [1]));
  expect(error['stderr']).toMatch(/the end$/);
  expect(String(error['stderr']).length).toBeLessThan(10_000);
  expect((await exited).stderr).toMatch(/the end$/);
});
