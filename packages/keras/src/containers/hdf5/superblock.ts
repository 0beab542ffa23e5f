import type { FileHandle } from 'node:fs/promises';

/** The format of a file, as its first bytes tell. */
export type Superblock = Hdf5Superblock | { kind: 'zip' } | { kind: 'other' };

export interface Hdf5Superblock {
  kind: 'hdf5';
  /** Position of the superblock in bytes. Addresses in the file count from here. */
  offset: number;
  /** Length of the file in bytes, as the superblock states it. `undefined` if we do not know this version of it. */
  promisedBytes: bigint | undefined;
  /** Size of an address in this file, in bytes. */
  sizeOfOffsets: number;
  /** Size of a length in this file, in bytes. */
  sizeOfLengths: number;
}

const SIGNATURE = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');
const ZIP_SIGNATURE = Buffer.from('PK\x03\x04', 'latin1');

/**
 * Finds and reads the superblock of an HDF5 file. It is at byte 0, 512, 1,024, 2,048 and so on.
 *
 * Source: HDF5 File Format Specification 3.0, section II.A.
 *
 * @param size Size of the file in bytes.
 * @param base Position at which the file begins, if it lies within another one.
 */
export async function readSuperblock(handle: FileHandle, size: number, base = 0): Promise<Superblock> {
  for (let offset = 0; offset + SIGNATURE.length <= size; offset = offset === 0 ? 512 : offset * 2) {
    const block = Buffer.alloc(64);
    await handle.read(block, 0, block.length, base + offset);
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
  // In every version, the end-of-file address is the third address.
  if (sizeOfOffsets === 8) return block.readBigUInt64LE(addresses + 2 * 8);
  if (sizeOfOffsets === 4) return BigInt(block.readUInt32LE(addresses + 2 * 4));
  return undefined;
}
