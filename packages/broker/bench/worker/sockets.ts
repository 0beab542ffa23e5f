import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';

import { readLines } from './lines.js';
import { answer, type Request } from './methods.js';

// Each answer is written when it is there: one that waited for others would be lost with this process.
const onread = readLines((request) => {
  socket.write(`${JSON.stringify(answer(request as Request))}\n`); // what its parent sends
});
// Node's types do not know that this constructor takes `onread`.
const options: SocketConstructorOpts & { onread: OnReadOpts } = {
  fd: 3,
  readable: true,
  writable: true,
  onread,
};
const socket = new Socket(options);
socket.resume();
