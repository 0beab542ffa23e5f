import { Buffer } from 'node:buffer';

import type { Payload } from './frame.js';

/** Whether two payloads are those of equal values. */
export function samePayload(a: Payload, b: Payload): boolean {
  return (
    Buffer.compare(a.metadata, b.metadata) === 0 &&
    a.buffers.length === b.buffers.length &&
    a.buffers.every((buffer, i) => {
      const other = b.buffers[i];
      return other !== undefined && Buffer.compare(buffer, other) === 0;
    })
  );
}
