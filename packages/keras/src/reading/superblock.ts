import type { FileHandle } from 'node:fs/promises';

/** What the first bytes of a file say about it. */
export type Superblock = Hdf5Superblock | { kind: 'zip' } | { kind: 'other' };

export interface Hdf5Superblock {
  kind: 'hdf5';
  /** Where in the file it begins; addresses in the file count from here. */
  offset: number;
  /** How long the file is; `undefined` where a newer version does not say it in a known place. */
  promisedBytes: bigint | undefined;
  /** Bytes that an address and a length take in this file. */
  sizeOfOffsets: number;
  sizeOfLengths: number;
}

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
    if (block.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return parse(block, offset);
    if (offset === 0 && block.subarray(0, ZIP_SIGNATURE.length).equals(ZIP_SIGNATURE)) return { kind: 'zip' };
  }
  return { kind: 'other' };
}

function parse(block: Buffer, offset: number): Hdf5Superblock {
  const version = block.readUInt8(8);
  const sizes = version < 2 ? 13 : 9;
  const sizeOfOffsets = block.readUInt8(sizes);
  const sizeOfLengths = block.readUInt8(sizes + 1);
  return {
    kind: 'hdf5',
    offset,
    promisedBytes: endOfFileAddress(block, version, sizeOfOffsets),
    sizeOfOffsets,
    sizeOfLengths,
  };
}

function endOfFileAddress(block: Buffer, version: number, sizeOfOffsets: number): bigint | undefined {
  if (version > 3) return undefined;
  const addresses = version === 0 ? 24 : version === 1 ? 28 : 12;
  // Every version has the end-of-file address third, after the base address and one more.
  if (sizeOfOffsets === 8) return block.readBigUInt64LE(addresses + 2 * 8);
  if (sizeOfOffsets === 4) return BigInt(block.readUInt32LE(addresses + 2 * 4));
  return undefined;
}
