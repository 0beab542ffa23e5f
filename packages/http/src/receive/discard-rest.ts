import type { IncomingMessage } from 'node:http';

/** How long a client may go on sending what nobody wants, in ms, before it is cut off. */
const LINGER = 5_000;

/**
 * Reads and drops the rest of a refused body for a while. A server that closes at once makes the kernel reset the
 * connection, and the client loses the answer that tells it why.
 */
export function discardRest(req: IncomingMessage): void {
  if (req.complete || req.destroyed) return;
  req.on('error', () => undefined);
  req.resume();
  const { socket } = req;
  const timer = setTimeout(() => {
    socket.destroy();
  }, LINGER).unref();
  const stop = (): void => {
    clearTimeout(timer);
    req.off('end', stop);
    socket.off('close', stop);
  };
  req.once('end', stop);
  socket.once('close', stop);
}
