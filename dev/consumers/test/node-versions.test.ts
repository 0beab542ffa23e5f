import { join } from 'node:path';

import { expect } from '@jest/globals';

import { output } from '../../test/support/command.js';
import { install, packedBroker, project } from '../../test/support/consumer.js';
import { testOnline } from './registry.js';

const pipeline = `
  import { currentCall } from '@dual/broker/pipeline';
  const cell = new Int32Array(new SharedArrayBuffer(4));
  export default class Pipeline {
    add(a, b) { return a + b; }
    negative(array) { return array.map((value) => -value); }
    *count(n) { for (let i = 0; i < n; i += 1) { currentCall().progress(i); yield i; } }
    throwing() { throw new RangeError('out of range', { cause: { code: 7 } }); }
    endless() { while (!currentCall().cancelled) Atomics.wait(cell, 0, 0, 1); return process.pid; }
    die() { process.kill(process.pid, 'SIGKILL'); }
    carries(value) { return Object.prototype.toString.call(value); }
  }`;

const main = `
  import assert from 'node:assert/strict';
  import { Broker } from '@dual/broker';
  const options = { processes: { min: 0, max: 2, idleAfter: 100 }, limits: { memory: 1024 ** 3 } };
  const broker = await Broker.start(new URL('./pipeline.mjs', import.meta.url), options);
  assert.equal(broker.state, 'ready');
  assert.equal(await broker.pipeline.add(2, 3), 5);
  const floats = new Float64Array(100_000).fill(1);
  assert.deepEqual(await broker.pipeline.negative(floats), floats.map((value) => -value));
  const chunks = [];
  for await (const chunk of broker.pipeline.count(3)) chunks.push(chunk);
  assert.deepEqual(chunks, [0, 1, 2]);
  await assert.rejects(broker.pipeline.throwing(), (error) => error instanceof RangeError && error.cause.code === 7);
  await assert.rejects(broker.pipeline.die(), { code: 'ERR_DUAL_PROCESS_EXIT', signal: 'SIGKILL' });
  const stop = new AbortController();
  const endless = broker.submit('endless', [], { signal: stop.signal });
  while (endless.state !== 'running') await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort();
  await assert.rejects(endless.result, { name: 'AbortError' });
  for (const value of [new Blob(['text']), await crypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, true, ['encrypt'])])
    await broker.pipeline.carries(value).then(
      (tag) => assert.equal(tag, Object.prototype.toString.call(value)),
      (error) => assert.equal(error.code, 'ERR_DUAL_SERIALIZATION'),
    );
  // A broker without calls keeps no program.
  const stay = setInterval(() => {}, 1_000);
  while (broker.stats().processes.length > 0) await new Promise((resolve) => broker.once('exit', resolve));
  clearInterval(stay);
  assert.equal(broker.state, 'ready');
  console.log('all right');`;

const required = `
  const { Broker } = require('@dual/broker');
  Broker.start(require.resolve('./pipeline.mjs')).then((broker) => broker.pipeline.add(2, 3)).then(console.log);`;

// Each program ends by itself, without `close()`.
testOnline.each(['20.19', '22', '24', '26'])('the packed broker works in Node %s', async (version) => {
  const folder = project('project', { 'main.mjs': main, 'main.cjs': required, 'pipeline.mjs': pipeline });
  await install(folder, [await packedBroker(), `node@${version}`]);
  const node = join(folder, 'node_modules', 'node', 'bin', 'node');
  expect(await output(node, ['--version'], { cwd: folder })).toMatch(new RegExp(`^v${version}\\.`));
  expect(await output(node, ['--unhandled-rejections=strict', 'main.mjs'], { cwd: folder })).toBe(
    'all right',
  );
  expect(await output(node, ['main.cjs'], { cwd: folder })).toBe('5');
});
