import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';

import { errorCode } from '../error-code.js';

/** The port or address is not available. The message is one line. */
class ListenError extends Error {
  override readonly name = 'ListenError';
}

/**
 * Opens the port.
 *
 * @throws {ListenError} When the port or address is not available.
 */
export async function listen(
  app: RequestListener,
  { host, port }: { host: string; port: number },
): Promise<Server> {
  const server = createServer(
    { headersTimeout: 15_000, requestTimeout: 60_000, keepAliveTimeout: 5_000 },
    app,
  );
  try {
    server.listen({ host, port });
    await once(server, 'listening');
    return server;
  } catch (error) {
    throw new ListenError(reason(error, { host, port }), { cause: error });
  }
}

function reason(error: unknown, { host, port }: { host: string; port: number }): string {
  const code = errorCode(error) ?? 'unknown reason';
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is in use by another program. Choose another one with --port.`;
    case 'EACCES':
      return `Opening port ${port} needs more rights. Choose a port of 1024 or higher with --port.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `This machine has no address ${host}. Choose another one with --host.`;
    default:
      return `Port ${port} of ${host} could not be opened (${code}). Choose others with --port and --host.`;
  }
}
