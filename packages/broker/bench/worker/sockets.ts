import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';

import { readLines } from './lines.js';
import { answer, type Request } from './methods.js';

// Write each answer at once, as the broker's child does: an answer that waits is lost if the process dies.
const onread = readLines((request) => {
  socket.write(`${JSON.stringify(answer(request as Request))}\n`); // the parent sends nothing else
});
// The constructor takes `onread`, but Node's types omit it.
const options: SocketConstructorOpts & { onread: OnReadOpts } = {
  fd: 3,
  readable: true,
  writable: true,
  onread,
};
const socket = new Socket(options);
socket.resume();
