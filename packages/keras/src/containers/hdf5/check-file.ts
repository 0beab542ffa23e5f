import { open, stat } from 'node:fs/promises';

import { ModelFileError } from '../../errors.js';
import { reasonOf } from '../../reason.js';
import { type Hdf5Superblock, readSuperblock } from './superblock.js';

/**
 * Checks that a file is a complete HDF5 file. The HDF5 library would report the same error for every fault.
 *
 * @returns Size of the file in bytes, and its superblock.
 * @throws {ModelFileError} When the file is missing, unreadable, not a regular file, empty, truncated or not HDF5.
 */
export async function checkFile(file: string): Promise<{ bytes: number; superblock: Hdf5Superblock }> {
  const { size } = await regularFile(file);
  if (size === 0)
    throw new ModelFileError(
      'ERR_KERAS_EMPTY_FILE',
      `The model file is empty. Download it again. File: ${file}`,
      { file },
    );

  const handle = await open(file, 'r').catch((error: unknown) => {
    throw systemError(file, error);
  });
  try {
    const superblock = await readSuperblock(handle, size);
    switch (superblock.kind) {
      case 'other':
        throw new ModelFileError(
          'ERR_KERAS_NOT_HDF5',
          `The file is not an HDF5 file, because it has no HDF5 signature. Use an ".h5" file that Keras saved. File: ${file}`,
          { file },
        );
      case 'zip':
        throw new ModelFileError(
          'ERR_KERAS_UNSUPPORTED_FORMAT',
          `The file is a zip archive, as Keras 3 writes for ".keras". This format is not supported yet. Use an HDF5 ` +
            `file (".h5"): weights only of Keras 1 or 2, or a whole model. File: ${file}`,
          { file },
        );
      case 'hdf5': {
        checkComplete(file, superblock, size);
        return { bytes: size, superblock };
      }
    }
  } finally {
    await handle.close();
  }
}

/** Check this before opening the file: to open a named pipe blocks until another process writes into it. */
export async function regularFile(file: string) {
  const found = await stat(file).catch((error: unknown) => {
    throw systemError(file, error);
  });
  if (found.isFile()) return found;
  const kind = found.isDirectory() ? 'a directory' : 'a device or pipe';
  throw new ModelFileError(
    'ERR_KERAS_NOT_A_FILE',
    `The model file is ${kind}, but must be a regular file: ${file}`,
    { file },
  );
}

export function systemError(file: string, cause: unknown): ModelFileError {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new ModelFileError('ERR_KERAS_FILE_NOT_FOUND', `The model file does not exist: ${file}`, {
      file,
      cause,
    });
  }
  const reason = reasonOf(cause);
  return new ModelFileError('ERR_KERAS_FILE_NOT_READABLE', `The model file cannot be read: ${reason}`, {
    file,
    cause,
  });
}

/**
 * Checks that a file is as long as its header states.
 *
 * @throws {ModelFileError} When it is shorter.
 */
export function checkComplete(file: string, { promisedBytes: promised }: Hdf5Superblock, size: number): void {
  if (promised === undefined || promised <= BigInt(size)) return;
  throw new ModelFileError(
    'ERR_KERAS_TRUNCATED',
    `The file is truncated: its header states ${promised} bytes, but it has ${size}. Download it again. File: ${file}`,
    { file },
  );
}
