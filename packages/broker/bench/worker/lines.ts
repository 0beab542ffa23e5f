import type { OnReadOpts } from 'node:net';

/** Socket options that read messages, one line of JSON each, into a single reused buffer. */
export function readLines(onMessage: (message: unknown) => void): OnReadOpts {
  let rest = '';
  return {
    buffer: Buffer.alloc(64 * 1024),
    callback: (bytes, memory) => {
      const lines = (rest + Buffer.from(memory.buffer, memory.byteOffset, bytes).toString('latin1')).split(
        '\n',
      );
      rest = lines.pop() ?? '';
      for (const line of lines) onMessage(JSON.parse(line));
      return true;
    },
  };
}
