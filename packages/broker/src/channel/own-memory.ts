import { Buffer } from 'node:buffer';

/** From about this length on, an allocator takes memory of its own from the system for a buffer. */
const LARGE = 128 * 1024;
/** The longest of which glibc still takes notice is 32 MiB, with what it adds. */
const LONGEST = 31 * 1024 * 1024;

let keepsMemory = false;

/** A plain Uint8Array of its own, not zeroed: what comes of it must not share memory with anything else. */
export function ownBytes(length: number): Uint8Array<ArrayBuffer> {
  if (length === 0) return new Uint8Array(0);
  if (length >= LARGE) keepMemory();
  // allocUnsafeSlow neither zeroes, which a new Uint8Array would, nor takes from Node's shared pool.
  const { buffer, byteOffset } = Buffer.allocUnsafeSlow(length);
  return new Uint8Array(buffer, byteOffset, length);
}

/**
 * Lets the memory of large buffers be used again. At first glibc gives it back to the system as soon as a buffer is
 * freed, and each page that is then touched anew costs more than to copy it. It learns to keep memory for buffers as
 * long as the longest that was ever freed. That is this one, of which nothing is touched: it takes no memory.
 */
function keepMemory(): void {
  if (keepsMemory) return;
  keepsMemory = true;
  Buffer.allocUnsafeSlow(LONGEST);
}
