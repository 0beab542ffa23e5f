import { createWriteStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

import yauzl, { type Entry, type ZipFile } from 'yauzl';

import { isObject } from '../config/json.js';
import { ModelFileError } from '../errors.js';
import { reasonOf } from '../reason.js';
import type { Container, ReadingOptions } from './container.js';
import { readSuperblock } from './hdf5/superblock.js';
import { openHdf5 } from './hdf5-container.js';
import { parseJson } from './parse-json.js';

/** No model has as many files in its archive. */
const MOST_ENTRIES = 20_000;
/** Largest text in an archive: configurations of real models have up to a few MB, vocabularies up to some dozens. */
const MOST_TEXT_BYTES = 256 * 1024 * 1024;
/** Highest ratio that deflate can reach. Source: zlib's "Technical Details", maximum compression factor. */
const MOST_COMPRESSION = 1032;

/** Opens a `.keras` archive, of Keras 3 or of Keras 2.12 to 2.15. */
export async function openKerasZip(file: string, bytes: number, reading: ReadingOptions): Promise<Container> {
  const damaged = (cause: unknown) =>
    new ModelFileError('ERR_KERAS_DAMAGED', `The zip archive is damaged (${reasonOf(cause)}): ${file}`, {
      file,
      cause,
    });
  const zip = await yauzl
    .openPromise(file, {
      lazyEntries: true,
      autoClose: false,
      validateEntrySizes: true,
      strictFileNames: false,
    })
    .catch((error: unknown) => {
      throw damaged(error);
    });
  try {
    const entries = await listEntries(zip, file).catch((error: unknown) => {
      throw error instanceof ModelFileError ? error : damaged(error);
    });
    const textOf = async (name: string) => {
      const entry = entries.get(name);
      return entry === undefined
        ? undefined
        : (
            await readText(zip, entry, file).catch((error: unknown) => {
              throw error instanceof ModelFileError ? error : damaged(error);
            })
          ).toString('utf8');
    };
    const configText = await textOf('config.json');
    if (configText === undefined) throw notKeras(file, [...entries.keys()]);
    const metadataText = await textOf('metadata.json');
    const metadata = metadataText === undefined ? undefined : parseJson(metadataText, 'metadata.json', file);
    const version = isObject(metadata) ? metadata['keras_version'] : undefined;
    const assets = new Map<string, Buffer>();
    for (const [name, entry] of entries) {
      if (!name.startsWith('assets/') || name.endsWith('/')) continue;
      const asset = await readText(zip, entry, file).catch((error: unknown) => {
        throw error instanceof ModelFileError ? error : damaged(error);
      });
      assets.set(name.slice('assets/'.length), asset);
    }
    const weights = entries.get('model.weights.h5');
    if (weights === undefined) throw missingWeights(file, entries);
    const inner = await openInner(zip, weights, file, reading).catch((error: unknown) => {
      throw error instanceof ModelFileError ? error : damaged(error);
    });
    return {
      format: 'a .keras archive',
      keras: typeof version === 'string' ? version : undefined,
      config: parseJson(configText, 'config.json', file),
      assets,
      weights: inner.weights,
      bytes,
      async [Symbol.asyncDispose]() {
        await inner[Symbol.asyncDispose]();
        zip.close();
      },
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

async function listEntries(zip: ZipFile, file: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) {
    if (entries.size >= MOST_ENTRIES) {
      throw new ModelFileError(
        'ERR_KERAS_DAMAGED',
        `The zip archive has more than ${MOST_ENTRIES} entries: ${file}`,
        { file },
      );
    }
    entries.set(entry.fileName.replaceAll('\\', '/'), entry);
  }
  return entries;
}

async function readText(zip: ZipFile, entry: Entry, file: string): Promise<Buffer> {
  checkSize(entry, file, MOST_TEXT_BYTES);
  const stream = await zip.openReadStreamPromise(entry);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) if (chunk instanceof Buffer) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function checkSize(entry: Entry, file: string, most: number): void {
  if (entry.isEncrypted()) {
    throw new ModelFileError(
      'ERR_KERAS_UNSUPPORTED_FORMAT',
      `${entry.fileName} in the zip archive is encrypted: ${file}`,
      { file },
    );
  }
  if (
    entry.uncompressedSize > most ||
    entry.uncompressedSize > (entry.compressedSize + 1) * MOST_COMPRESSION
  ) {
    throw new ModelFileError(
      'ERR_KERAS_SIZE_NOT_CREDIBLE',
      `${entry.fileName} in the zip archive claims ${entry.uncompressedSize} bytes: ${file}`,
      { file },
    );
  }
}

/** Opens the HDF5 file in the archive: in place if it is not compressed, else as a temporary file. */
async function openInner(
  zip: ZipFile,
  entry: Entry,
  file: string,
  reading: ReadingOptions,
): Promise<Container> {
  checkSize(entry, file, Infinity);
  if (entry.compressionMethod === 0) {
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    return openPart(file, fileDataStart, entry.uncompressedSize, entry.fileName, reading);
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'keras-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const copy = path.join(folder, 'model.weights.h5');
    await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(copy));
    const container = await openPart(copy, 0, entry.uncompressedSize, entry.fileName, reading);
    return {
      ...container,
      async [Symbol.asyncDispose]() {
        await container[Symbol.asyncDispose]();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function openPart(
  file: string,
  base: number,
  bytes: number,
  name: string,
  reading: ReadingOptions,
): Promise<Container> {
  const handle = await open(file, 'r');
  try {
    const superblock = await readSuperblock(handle, bytes, base);
    if (superblock.kind !== 'hdf5') {
      throw new ModelFileError(
        'ERR_KERAS_DAMAGED',
        `${name} in the zip archive is not an HDF5 file: ${file}`,
        { file },
      );
    }
    if (superblock.promisedBytes !== undefined && superblock.promisedBytes > BigInt(bytes)) {
      throw new ModelFileError(
        'ERR_KERAS_TRUNCATED',
        `${name} in the zip archive is truncated: its header states ${superblock.promisedBytes} bytes, but it has ${bytes}: ${file}`,
        { file },
      );
    }
    return await openHdf5({ path: file, superblock, base, bytes }, reading);
  } finally {
    await handle.close();
  }
}

function notKeras(file: string, names: readonly string[]): ModelFileError {
  const numpy = names.some((name) => name.endsWith('.npy'));
  return new ModelFileError(
    'ERR_KERAS_UNSUPPORTED_FORMAT',
    numpy
      ? `The file is a NumPy archive (.npz), which may hold pickled Python objects and is not opened. Save the model with model.save('model.keras'). File: ${file}`
      : `The zip archive is not a Keras model: it has no config.json. File: ${file}`,
    { file },
  );
}

function missingWeights(file: string, entries: ReadonlyMap<string, Entry>): ModelFileError {
  const numpy = entries.has('model.weights.npz');
  return new ModelFileError(
    'ERR_KERAS_UNSUPPORTED_FORMAT',
    numpy
      ? `The archive keeps its weights as model.weights.npz, which may hold pickled Python objects and is not opened. Save the model again with model.save(). File: ${file}`
      : `The archive has no model.weights.h5: ${file}`,
    { file },
  );
}
