import type { ServerResponse } from 'node:http';

import { ClientGone } from '../problems/client-gone.js';

/**
 * Writes a part of an answer, and resolves when the reader has room for more. At most this part and what the socket holds are
 * in memory, however slow the reader is. A reader that takes nothing for too long is cut off.
 * @param patience The longest pause of the reader, in ms.
 * @throws {ClientGone} If the reader is gone.
 */
export async function writePart(res: ServerResponse, text: string, patience = 30_000): Promise<void> {
  if (res.destroyed || res.writableEnded) throw new ClientGone();
  if (res.write(text)) return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => res.destroy(), patience).unref();
    const onDrain = (): void => {
      clearTimeout(timer);
      res.off('close', onClose);
      resolve();
    };
    const onClose = (): void => {
      clearTimeout(timer);
      res.off('drain', onDrain);
      reject(new ClientGone());
    };
    res.once('drain', onDrain);
    res.once('close', onClose);
  });
}
