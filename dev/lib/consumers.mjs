import { join } from 'node:path';

import { build } from './build.mjs';
import { exitWith } from './failure.mjs';
import { install } from './install.mjs';
import { endWithNpm, interruptible } from './interruption.mjs';
import { closingLine, jest } from './jest.mjs';
import { root } from './root.mjs';

endWithNpm();

await interruptible(async (stop) => {
  await install(stop);
  await build(stop);
  const config = join(root, 'dev', 'consumers', 'jest.config.js');
  const tests = await jest(['--config', config, ...process.argv.slice(2)], stop);
  stop.throwIfAborted();
  console.log(closingLine(tests));
  process.exitCode = tests.failed > 0 ? 1 : 0;
}).catch(exitWith);
