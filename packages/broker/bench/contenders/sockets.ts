import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Contender } from '../contender.js';
import { readLines } from '../worker/lines.js';
import type { Request, Response } from '../worker/methods.js';
import { Pending } from './pending.js';

const WORKER = fileURLToPath(new URL('../worker/sockets.js', import.meta.url));

/**
 * Two event loops and one socket, without a pool: a practical lower bound for any pool of processes. Requests made in
 * one tick leave in one write.
 */
export const bareSockets: Contender = {
  name: 'sockets',
  title: 'bare sockets',
  settings: 'lines of JSON over a Unix socket read by onread, one write an answer',
  carries: 'text',
  async open() {
    const pending = new Pending();
    const server = createServer({ pauseOnConnect: true });
    const path = join(tmpdir(), `bench-${randomUUID()}.sock`);
    await once(server.listen(path), 'listening');
    const onread = readLines((response) => {
      pending.settle(response as Response); // worker/sockets.ts sends nothing else
    });
    const socket = connect({ path, onread });
    const [theirs] = (await once(server, 'connection')) as [Socket]; // documented for 'connection'
    const child = spawn(process.execPath, [WORKER], { stdio: ['ignore', 'inherit', 'inherit', theirs] });
    theirs.destroy();
    server.close();
    child.once('error', (error) => {
      pending.fail(error);
    });
    child.once('exit', (code, signal) => {
      pending.fail(new Error(`the child ended (${signal ?? code ?? 'unknown'})`));
    });
    let lines = '';
    const send = async (): Promise<void> => {
      await Promise.resolve();
      socket.write(lines);
      lines = '';
    };
    return {
      call: (method, payload) =>
        pending.add((id) => {
          if (lines === '') void send();
          lines += `${JSON.stringify({ id, method, payload } satisfies Request)}\n`;
        }),
      close: () => child.kill(),
    };
  },
};
