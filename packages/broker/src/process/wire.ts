import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type OnReadOpts, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const TOKEN_BYTES = 16;

/** The two ends of a pipe. */
export interface Wire {
  readonly ours: Socket;
  /** For a child to inherit. */
  readonly theirs: Socket;
}

/**
 * Opens a pipe whose one end is read into memory of our choice. Node does that for no pipe that it makes for a child,
 * only for a socket that connects: so this program connects to itself.
 */
export async function openWire(onread: OnReadOpts): Promise<Wire> {
  const path = address();
  const token = randomBytes(TOKEN_BYTES);
  const server = createServer();
  const peers = new Set<Socket>();
  let theirs: Socket | undefined;
  try {
    const accepted = accept(server, token, peers);
    // `exclusive`: in a worker of node:cluster too, it is this process that listens.
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

/** A name that nobody else listens at; on Linux, one that is in no file system. */
function address(): string {
  const name = `dual-broker-${randomUUID()}`;
  if (process.platform === 'linux') return `\0${name}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

/** Others may see the address and connect to it, so the connection that counts is the one that knows the token. */
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
