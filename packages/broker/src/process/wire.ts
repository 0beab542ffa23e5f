import { Buffer } from 'node:buffer';
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
 * @param signal Ends the attempt: if the system has no descriptor left for our own connection, it just does not come.
 */
export async function openWire(onread: OnReadOpts, signal: AbortSignal): Promise<Wire> {
  signal.throwIfAborted();
  const path = address();
  const token = randomBytes(TOKEN_BYTES);
  const server = createServer();
  const sockets = new Set<Socket>();
  const failed = new Promise<never>((_, reject) => {
    server.once('error', reject);
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error); // by AbortController
    });
  });
  // Only one of the promises below is awaited to its end.
  failed.catch(() => undefined);
  let wire: Wire | undefined;
  try {
    const accepted = accept(server, token, sockets);
    // `exclusive`: in a worker of node:cluster, this process itself must listen.
    server.listen({ path, exclusive: true });
    const ours = connect({ path, onread });
    guard(ours, sockets);
    ours.write(token);
    const lost = once(ours, 'close').then(() => {
      throw new Error("the broker's connection to itself was lost: are too many files open?");
    });
    lost.catch(() => undefined);
    const [theirs] = await Promise.race([Promise.all([accepted, once(ours, 'connect')]), lost, failed]);
    wire = { ours, theirs };
    return wire;
  } finally {
    server.close();
    // Destroying a server that could not listen emits another error.
    server.on('error', () => undefined);
    for (const socket of sockets) if (socket !== wire?.ours && socket !== wire?.theirs) socket.destroy();
  }
}

/** From birth to death, so that no error of the socket ends the program. */
function guard(socket: Socket, sockets: Set<Socket>): void {
  sockets.add(socket);
  socket.on('error', () => undefined);
}

export function closeWire({ ours, theirs }: Wire): void {
  ours.destroy();
  theirs.destroy();
}

/** An address that no other program listens at. On Linux it is in the abstract namespace, not in the file system. */
function address(): string {
  const name = `dual-broker-${randomUUID()}`;
  if (process.platform === 'linux') return `\0${name}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`;
  return socketPath(tmpdir(), `${name}.sock`);
}

/** macOS takes 103 bytes for the path of a socket. */
const MAX_PATH_BYTES = 100;

/** @returns A path in the folder, or in `/tmp` if it would be too long. */
export function socketPath(folder: string, name: string): string {
  const path = join(folder, name);
  return Buffer.byteLength(path) <= MAX_PATH_BYTES ? path : join('/tmp', name);
}

/** Other programs can see the address and connect. The right connection is the one that sends the token first. */
function accept(server: Server, token: Uint8Array, sockets: Set<Socket>): Promise<Socket> {
  return new Promise((resolve) => {
    server.on('connection', (peer) => {
      guard(peer, sockets);
      peer.once('data', (bytes: Buffer) => {
        peer.pause();
        if (bytes.length === TOKEN_BYTES && timingSafeEqual(bytes, token)) resolve(peer);
      });
    });
  });
}
