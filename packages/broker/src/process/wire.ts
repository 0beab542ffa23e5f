import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type OnReadOpts, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const TOKEN_BYTES = 16;

/** The two ends of a socket. */
export interface Wire {
  readonly ours: Socket;
  /** For a child to inherit. */
  readonly theirs: Socket;
}

/**
 * Opens a socket whose one end is read into memory of our choice (`onread`). Node offers that only for a socket that
 * connects, and not for the pipes that it makes for a child. So this program connects to itself.
 */
export async function openWire(onread: OnReadOpts): Promise<Wire> {
  const path = address();
  const token = randomBytes(TOKEN_BYTES);
  const server = createServer();
  const peers = new Set<Socket>();
  let theirs: Socket | undefined;
  try {
    const accepted = accept(server, token, peers);
    // `exclusive`: in a worker of node:cluster, this process itself must listen.
    server.listen({ path, exclusive: true });
    const ours = connect({ path, onread });
    ours.write(token);
    [theirs] = await Promise.all([accepted, once(ours, 'connect')]);
    return { ours, theirs };
  } finally {
    server.close();
    for (const peer of peers) if (peer !== theirs) peer.destroy();
  }
}

export function closeWire({ ours, theirs }: Wire): void {
  ours.destroy();
  theirs.destroy();
}

/** An address that no other program listens at. On Linux it is in the abstract namespace, not in the file system. */
function address(): string {
  const name = `dual-broker-${randomUUID()}`;
  if (process.platform === 'linux') return `\0${name}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

/** Other programs can see the address and connect. The right connection is the one that sends the token first. */
function accept(server: Server, token: Uint8Array, peers: Set<Socket>): Promise<Socket> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.on('connection', (peer) => {
      peers.add(peer);
      peer.on('error', () => undefined);
      peer.once('data', (bytes: Buffer) => {
        peer.pause();
        if (bytes.length === TOKEN_BYTES && timingSafeEqual(bytes, token)) resolve(peer);
      });
    });
  });
}
