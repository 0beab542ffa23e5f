/** A program whose child computes without a break. It writes the child's process id, and then ends as it is told. */
import { devNull } from 'node:os';

import { Broker } from '@dual/broker';

const broker = new Broker(new URL('./pipeline.mjs', import.meta.url), {
  args: [devNull, 0],
  output(line, { pid }) {
    if (line === 'spinning') console.log(pid);
  },
});
broker.submit('run', [{ id: 1, act: 'spin', ms: 0, returnBytes: 0, deaths: 0 }, new Uint8Array()]);

process.stdin.once('data', (how) => {
  if (how.toString() === 'exit') process.exit(0);
  throw new Error('a crash, as it was told to');
});
