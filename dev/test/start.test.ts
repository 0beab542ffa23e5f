import { expect, test } from '@jest/globals';

import { start } from './support/command.js';
import { root } from './support/paths.js';
import { descendants, survivors } from './support/processes.js';
import { stops } from './support/stops.js';

/** Without the developer's own settings, the service serves the demonstration model. */
const env = { VGG_WEIGHTS: undefined, PORT: undefined };

test.each(stops)('npm start serves, and %s ends the service and its processes', async (_name, stop) => {
  const npm = start('npm', ['start', '--', '--port', '0'], { cwd: root, env });
  const ready = await npm.line(/^Ready: /);
  const url = ready.slice('Ready: '.length);
  const response = await fetch(url);
  expect(response.status).toBe(200);
  await response.arrayBuffer();

  const processes = descendants(npm.pid);
  const [service, ...others] = processes.filter(({ command }) =>
    command.startsWith('node dev/main.mjs start'),
  );
  expect(others).toEqual([]);
  const children = processes.filter(({ parent }) => parent === service?.pid);
  expect(children.map(({ command }) => command).sort()).toEqual(['vgg-decoder', 'vgg-model']);

  stop(npm.pid);
  await npm.ended;
  expect(survivors(processes)).toEqual([]);
});
