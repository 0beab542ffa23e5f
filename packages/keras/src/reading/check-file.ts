import { open, stat } from 'node:fs/promises';

import { ModelFileError } from '../errors.js';
import { reasonOf } from '../reason.js';
import { type Hdf5Superblock, readSuperblock } from './superblock.js';

/** Tells a missing, empty, truncated or foreign file by its own words before the HDF5 library sees it. */
export async function checkFile(file: string): Promise<{ bytes: number; superblock: Hdf5Superblock }> {
  const { size } = await regularFile(file);
  if (size === 0)
    throw new ModelFileError('ERR_KERAS_EMPTY_FILE', `The model file is empty: ${file}`, { file });

  const handle = await open(file, 'r').catch((error: unknown) => {
    throw systemError(file, error);
  });
  try {
    const superblock = await readSuperblock(handle, size);
    switch (superblock.kind) {
      case 'other':
        throw new ModelFileError(
          'ERR_KERAS_NOT_HDF5',
          `Not an HDF5 file (it has no HDF5 signature): ${file}`,
          { file },
        );
      case 'zip':
        throw new ModelFileError(
          'ERR_KERAS_UNSUPPORTED_FORMAT',
          `This is a zip archive, as Keras 3 writes for ".keras"; that format is not supported yet. ` +
            `Supported are HDF5 files: weights only (Keras 1 and 2) and whole models (".h5"). File: ${file}`,
          { file },
        );
      case 'hdf5': {
        const promised = superblock.promisedBytes;
        if (promised !== undefined && promised > BigInt(size)) {
          throw new ModelFileError(
            'ERR_KERAS_TRUNCATED',
            `The file is cut short: its header promises ${promised} bytes, ${size} are there. Fetch it again: ${file}`,
            { file },
          );
        }
        return { bytes: size, superblock };
      }
    }
  } finally {
    await handle.close();
  }
}

/** Before it is opened: opening a pipe waits for somebody to write into it. */
async function regularFile(file: string) {
  const found = await stat(file).catch((error: unknown) => {
    throw systemError(file, error);
  });
  if (found.isFile()) return found;
  const kind = found.isDirectory() ? 'a directory' : 'not a regular file';
  throw new ModelFileError('ERR_KERAS_NOT_A_FILE', `The model file is ${kind}: ${file}`, { file });
}

function systemError(file: string, cause: unknown): ModelFileError {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new ModelFileError('ERR_KERAS_FILE_NOT_FOUND', `There is no model file at ${file}`, {
      file,
      cause,
    });
  }
  const reason = reasonOf(cause);
  return new ModelFileError('ERR_KERAS_FILE_NOT_READABLE', `The model file cannot be read (${reason})`, {
    file,
    cause,
  });
}
