import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from '@jest/globals';

import { output, start } from '../../test/support/command.js';
import { install, packedBroker, project } from '../../test/support/consumer.js';
import { testOnline } from './registry.js';

const pipeline = 'export default (offset) => ({ add: (a, b) => offset + a + b });';
const TELEMETRY_OFF = { NEXT_TELEMETRY_DISABLED: '1' };

testOnline.each(['module', 'commonjs'])('webpack 5 bundles it without a warning, as %s', async (type) => {
  const asModule = type === 'module';
  const folder = project('project', {
    'src/main.js': `
      import { join } from 'node:path';
      import { Broker } from '@dual/broker';
      const broker = new Broker(join(process.cwd(), 'pipeline.mjs'), { args: [100] });
      broker.pipeline.add(2, 3).then(console.log);`,
    'pipeline.mjs': pipeline,
    'webpack.config.cjs': `module.exports = {
      mode: 'production', target: 'node20', entry: './src/main.js',
      experiments: { outputModule: ${asModule} },
      output: { filename: '${asModule ? 'main.mjs' : 'main.cjs'}', library: { type: '${asModule ? 'module' : 'commonjs2'}' } },
    };`,
  });
  await install(folder, [await packedBroker(), 'webpack@5.113.0', 'webpack-cli@6']);
  const built = await output(join(folder, 'node_modules/.bin/webpack'), [], { cwd: folder });
  expect(built).not.toMatch(/warning/i);
  // Elsewhere, without node_modules: the bundle has all it needs.
  rmSync(join(folder, 'node_modules'), { recursive: true });
  const main = asModule ? 'dist/main.mjs' : 'dist/main.cjs';
  expect(await output(process.execPath, [main], { cwd: folder })).toBe('105');
});

testOnline.each([
  ['Turbopack', []],
  ['webpack', ['--webpack']],
])('a Next.js route answers by it, built by %s', async (_name, flags) => {
  const folder = project('project', {
    'app/layout.js': 'export default ({ children }) => <html lang="en"><body>{children}</body></html>;',
    'app/page.js': 'export default () => <p>page</p>;',
    'app/sum/route.js': `
      import { join } from 'node:path';
      import { Broker } from '@dual/broker';
      const broker = new Broker(join(process.cwd(), 'pipeline.mjs'), { args: [100] });
      export const dynamic = 'force-dynamic';
      export const GET = async () => Response.json(await broker.pipeline.add(2, 3));`,
    'pipeline.mjs': pipeline,
  });
  await install(folder, [await packedBroker(), 'next@16.4.6', 'react@19', 'react-dom@19']);
  const next = join(folder, 'node_modules/.bin/next');
  const built = await output(next, ['build', ...flags], { cwd: folder, env: TELEMETRY_OFF });
  expect(built).not.toMatch(/@dual\/broker/);
  const server = start(next, ['start', '--port', '0'], { cwd: folder, env: TELEMETRY_OFF });
  const [url = ''] = /http:\S+/.exec(await server.line(/Local:/)) ?? [];
  await server.line(/Ready/);
  const response = await fetch(new URL('/sum', url));
  expect(await response.json()).toBe(105);
  server.child.kill();
  await server.ended;
});
