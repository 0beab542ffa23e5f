import { join } from 'node:path';

import { expect } from '@jest/globals';

import { output } from '../../test/support/command.js';
import { install, packedBroker, project } from '../../test/support/consumer.js';
import { tool } from '../../test/support/packages.js';
import { testOnline } from './registry.js';

// Its first argument is the Node executable for the pipeline.
const main = `
  import { join } from 'node:path';
  import { Broker } from '@dual/broker';
  const execPath = process.argv[2];
  const broker = new Broker(join(process.cwd(), 'pipeline.mjs'), { execPath });
  broker.pipeline.add(2, 3).then(console.log, (error) => console.log(error.message)).then(() => broker.close());`;

const files = { 'main.mjs': main, 'pipeline.mjs': 'export default () => ({ add: (a, b) => a + b });' };

testOnline('under Bun it asks for a Node executable, and works with one', async () => {
  const folder = project('project', files);
  await install(folder, [await packedBroker(), 'bun@1.4.5'], { npm_config_ignore_scripts: 'false' });
  const bun = join(folder, 'node_modules/.bin/bun');
  expect(await output(bun, ['main.mjs'], { cwd: folder })).toContain("as option 'execPath'");
  expect(await output(bun, ['main.mjs', process.execPath], { cwd: folder })).toBe('5');
});

testOnline(
  'in a single executable application it asks for a Node executable, and works with one',
  async () => {
    const folder = project('project', {
      ...files,
      'sea.json': { main: 'main.cjs', output: 'app', disableExperimentalSEAWarning: true },
    });
    await install(folder, [await packedBroker(), 'node@26']);
    const flags = ['--bundle', '--platform=node', '--outfile=main.cjs', '--log-level=warning'];
    await output(tool('esbuild'), ['main.mjs', ...flags], { cwd: folder });
    await output(join(folder, 'node_modules/node/bin/node'), ['--build-sea', 'sea.json'], { cwd: folder });
    const app = join(folder, 'app');
    expect(await output(app, [], { cwd: folder })).toContain("as option 'execPath'");
    expect(await output(app, [process.execPath], { cwd: folder })).toBe('5');
  },
);
