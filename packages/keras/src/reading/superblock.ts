import type { FileHandle } from 'node:fs/promises';

/** What the first bytes of a file say about it. */
export type Superblock =
  { kind: 'hdf5'; promisedBytes: bigint | undefined } | { kind: 'zip' } | { kind: 'other' };

const SIGNATURE = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');
const ZIP_SIGNATURE = Buffer.from('PK\x03\x04', 'latin1');

/**
 * Finds and reads an HDF5 superblock, which promises how long the file is.
 * Source: HDF5 File Format Specification 3.0, section II.A; it lies at byte 0, 512, 1024, 2048 and so on.
 */
export async function readSuperblock(handle: FileHandle, size: number): Promise<Superblock> {
  for (let offset = 0; offset + SIGNATURE.length <= size; offset = offset === 0 ? 512 : offset * 2) {
    const block = Buffer.alloc(64);
    await handle.read(block, 0, block.length, offset);
    if (block.subarray(0, SIGNATURE.length).equals(SIGNATURE)) {
      return { kind: 'hdf5', promisedBytes: endOfFileAddress(block) };
    }
    if (offset === 0 && block.subarray(0, ZIP_SIGNATURE.length).equals(ZIP_SIGNATURE)) return { kind: 'zip' };
  }
  return { kind: 'other' };
}

function endOfFileAddress(block: Buffer): bigint | undefined {
  const version = block[8];
  if (version === undefined || version > 3) return undefined;
  const sizeOfOffsets = version < 2 ? block[13] : block[9];
  const addresses = version === 0 ? 24 : version === 1 ? 28 : 12;
  // Every version has the end-of-file address third, after the base address and one more.
  if (sizeOfOffsets === 8) return block.readBigUInt64LE(addresses + 2 * 8);
  if (sizeOfOffsets === 4) return BigInt(block.readUInt32LE(addresses + 2 * 4));
  return undefined;
}
