/** Starts a child that computes without a break, prints its process id, and ends in the way that stdin asks for. */
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
  throw new Error('crash requested on stdin');
});
