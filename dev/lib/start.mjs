import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './build.mjs';
import { exitWith } from './failure.mjs';
import { install } from './install.mjs';
import { endWithNpm, interruptible } from './interruption.mjs';
import { root } from './root.mjs';

endWithNpm();

await interruptible(async (stop) => {
  await install(stop);
  await build(stop);
}).catch(exitWith);

// From here on this process is the service: no wrapper stands between it and the signals it gets.
const main = join(root, 'examples', 'vgg-service', 'dist', 'main.js');
process.argv.splice(1, 1, main);
await import(pathToFileURL(main).href);
