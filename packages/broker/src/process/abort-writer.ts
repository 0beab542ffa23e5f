import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';

import { ABORT_ID_BYTES } from '../channel/descriptors.js';

/** If more bytes than this wait for the child, further ids are left to the messages on the channel. */
const MAX_WAITING = 4 * 1024;

/** Tells a child of an abandoned call by its lifeline, which a thread reads even if the pipeline blocks. */
export function writeAborted(lifeline: Socket, id: number): void {
  if (!lifeline.writable || lifeline.writableLength > MAX_WAITING) return;
  const bytes = Buffer.allocUnsafe(ABORT_ID_BYTES);
  bytes.writeInt32LE(id | 0);
  lifeline.write(bytes);
}
