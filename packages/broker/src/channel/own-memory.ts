import { Buffer } from 'node:buffer';

/** From about this length, in bytes, an allocator takes separate memory from the system for each buffer. */
const LARGE = 128 * 1024;
/** glibc adapts to freed blocks of up to 32 MiB, its own header included. In bytes. */
const LONGEST = 31 * 1024 * 1024;

let keepsMemory = false;

/** Memory that nothing else shares, not zeroed. */
export function ownBytes(length: number): Uint8Array<ArrayBuffer> {
  if (length === 0) return new Uint8Array(0);
  if (length >= LARGE) keepMemory();
  // A new Uint8Array would be zeroed. Other functions of Buffer take from Node's shared pool.
  const { buffer, byteOffset } = Buffer.allocUnsafeSlow(length);
  return new Uint8Array(buffer, byteOffset, length);
}

/**
 * Makes glibc reuse the memory of large buffers. At first it returns the memory to the system when a buffer is freed, and
 * each page of the next buffer then costs a page fault, which takes longer than copying the page. glibc keeps memory for
 * buffers up to the longest one that was ever freed. This one is never touched, so it takes no physical memory.
 */
function keepMemory(): void {
  if (keepsMemory) return;
  keepsMemory = true;
  Buffer.allocUnsafeSlow(LONGEST);
}
