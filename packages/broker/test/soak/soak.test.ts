import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { expect, test } from '@jest/globals';

const MAIN = fileURLToPath(new URL('../../soak/main.ts', import.meta.url));

test('calls settle exactly once in a short soak', () => {
  const { NODE_OPTIONS: _ofJest, ...env } = process.env;
  const flags = ['--expose-gc', '--import', 'tsx'];
  const options = ['--minutes', '0.4', '--seed', '20', '--calls', '1000'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, MAIN, ...options], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    encoding: 'utf8',
    env,
  });
  expect({ status, stdout, stderr }).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/\npassed\n$/),
    stderr: '',
  });
});
