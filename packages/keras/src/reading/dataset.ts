import { type StoredType, storedType } from './float-type.js';
import type { H5Module } from './hdf5-library.js';
import { DATATYPE, EXTERNAL_FILES, type HeaderMessage } from './object-header.js';

export interface Dataset {
  path: string;
  shape: readonly number[];
  /** How the numbers are stored; `undefined` where they are none that we read. */
  type: StoredType | undefined;
  /** Of one number as stored. */
  numberBytes: number;
  /** Of all numbers as stored, uncompressed. */
  bytes: number;
  compressed: boolean;
  /** The grain along each dimension: what the library reads at once, and reads again if only a part is asked for. */
  grain: readonly number[];
}

export interface DatasetFacts {
  metadata: ReturnType<H5Module['get_dataset_metadata']>;
  filters: ReturnType<H5Module['get_dataset_filters']>;
  header: readonly HeaderMessage[];
}

/**
 * A compressed chunk is unpacked in one piece, which blocks the event loop for about 6 ms per MiB. `h5repack` makes
 * chunks up to this size.
 */
const MAX_CHUNK_BYTES = 32 * 1024 * 1024;

/** deflate, shuffle, fletcher32, szip, nbit, scaleoffset; others need a plug-in, which is code. */
const LAST_FILTER_OF_HDF5 = 6;

/** What a dataset is, or in words why it is refused. */
export function describeDataset(path: string, { metadata, filters, header }: DatasetFacts): Dataset | string {
  if (metadata.virtual_sources !== undefined) return 'is a virtual dataset, made of other files';
  if (header.some(({ type }) => type === EXTERNAL_FILES)) {
    return 'keeps its numbers in another file (external storage), which is not opened';
  }
  const foreign = filters.find(({ id }) => id > LAST_FILTER_OF_HDF5);
  if (foreign !== undefined) {
    return `is compressed with ${foreign.name || `filter ${foreign.id}`}, which needs a plug-in; store it uncompressed or with gzip`;
  }

  const shape = metadata.shape ?? [];
  const chunk = metadata.chunks ?? shape.map(() => 1);
  const chunkBytes = chunk.reduce((product, length) => product * length, metadata.size);
  const compressed = filters.length > 0;
  if (compressed && chunkBytes > MAX_CHUNK_BYTES) {
    return (
      `is compressed in chunks of ${chunkBytes} bytes; ${MAX_CHUNK_BYTES} is the most, because each is unpacked in one ` +
      `piece. Store it uncompressed or in smaller chunks`
    );
  }
  const datatype = header.find(({ type }) => type === DATATYPE);
  return {
    path,
    shape,
    type: datatype === undefined || datatype.shared ? undefined : storedType(datatype.body),
    numberBytes: metadata.size,
    bytes: shape.reduce((product, length) => product * length, metadata.size),
    compressed,
    grain: chunkBytes > MAX_CHUNK_BYTES ? shape.map(() => 1) : chunk,
  };
}
