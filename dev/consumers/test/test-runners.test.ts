import { join } from 'node:path';

import { expect } from '@jest/globals';

import { run } from '../../test/support/command.js';
import { install, packedBroker, project } from '../../test/support/consumer.js';
import { testOnline } from './registry.js';

const pipeline = 'export default (offset) => ({ add: (a, b) => offset + a + b });';

testOnline('a test of Jest in its default mode uses the broker and inProcess', async () => {
  const folder = project('project', {
    'sum.test.js': `
      const { join } = require('node:path');
      const { Broker, CallTimeoutError } = require('@dual/broker');
      const { inProcess } = require('@dual/broker/testing');
      test('in a process', async () => {
        const broker = await Broker.start(join(__dirname, 'pipeline.mjs'), { args: [100] });
        expect(await broker.pipeline.add(2, 3)).toBe(105);
        await broker.close();
      });
      test('in this process', async () => {
        const client = await inProcess({ add: (a, b) => a + b, hang: () => new Promise(() => {}) });
        expect(await client.pipeline.add(2, 3)).toBe(5);
        await expect(client.call('hang', [], { timeout: 10 })).rejects.toBeInstanceOf(CallTimeoutError);
      });`,
    'pipeline.mjs': pipeline,
  });
  await install(folder, [await packedBroker(), 'jest@30']);
  const { code, lines } = await run(join(folder, 'node_modules/.bin/jest'), ['--ci'], { cwd: folder });
  expect({ code, text: lines.join('\n') }).toEqual({ code: 0, text: expect.stringContaining('2 passed') });
});

testOnline('a test of ts-jest uses the broker with its types', async () => {
  const folder = project('project', {
    'tsconfig.json': {
      compilerOptions: { strict: true, module: 'node16', target: 'es2022', types: ['jest', 'node'] },
    },
    'jest.config.js': "module.exports = { preset: 'ts-jest', testEnvironment: 'node' };",
    'sum.test.ts': `
      import { join } from 'node:path';
      import { Broker } from '@dual/broker';
      interface Pipeline { add(a: number, b: number): number }
      test('a sum', async () => {
        const broker = await Broker.start<(offset: number) => Pipeline>(join(__dirname, 'pipeline.mjs'), { args: [100] });
        const sum: number = await broker.pipeline.add(2, 3);
        expect(sum).toBe(105);
        await broker.close();
      });`,
    'pipeline.mjs': pipeline,
  });
  const tools = ['jest@30', 'ts-jest@29.4.15', 'typescript@5.9', '@types/jest@30', '@types/node@20'];
  await install(folder, [await packedBroker(), ...tools]);
  const { code, lines } = await run(join(folder, 'node_modules/.bin/jest'), ['--ci'], { cwd: folder });
  expect({ code, text: lines.join('\n') }).toEqual({ code: 0, text: expect.stringContaining('1 passed') });
});
