import type { H5Module } from './hdf5-library.js';
import { type StoredType, storedType } from './number-type.js';
import { DATATYPE, EXTERNAL_FILES, type HeaderMessage } from './object-header.js';

/** Facts about a dataset. They are known before its numbers are read. */
export interface Dataset {
  /** Path inside the HDF5 file. */
  path: string;
  shape: readonly number[];
  /** How the numbers are stored; `undefined` if this is not one of the types that we read. */
  type: StoredType | undefined;
  /** Size of one stored number, in bytes. */
  numberBytes: number;
  /** Size of all stored numbers when uncompressed, in bytes. */
  bytes: number;
  compressed: boolean;
  /**
   * Shape of a chunk, which the library decompresses as a whole for each read of a part of it. 1 along each dimension
   * if the parts can be read alone.
   */
  grain: readonly number[];
}

/** Facts from the HDF5 library and from the object header, the input of `describeDataset`. */
export interface DatasetFacts {
  metadata: ReturnType<H5Module['get_dataset_metadata']>;
  filters: ReturnType<H5Module['get_dataset_filters']>;
  header: readonly HeaderMessage[];
}

/**
 * Largest chunk in bytes. A compressed chunk is decompressed in one piece, which blocks the event loop for about 6 ms
 * per MiB. `h5repack` makes chunks of up to 32 MiB.
 */
const MAX_CHUNK_BYTES = 32 * 1024 * 1024;

/** HDF5 itself has the filters 1 to 6. Others need a plug-in, which would run foreign code. */
const LAST_FILTER_OF_HDF5 = 6;

/**
 * Describes a dataset, or refuses it because it cannot be read safely.
 *
 * @returns A string if the dataset is refused. It is the end of a sentence that begins with the path of the dataset.
 */
export function describeDataset(path: string, { metadata, filters, header }: DatasetFacts): Dataset | string {
  if (metadata.virtual_sources !== undefined)
    return 'is a virtual dataset, whose numbers are in other files. Copy them into this file';
  if (header.some(({ type }) => type === EXTERNAL_FILES)) {
    return 'keeps its numbers in another file (external storage), which is not opened. Copy them into this file';
  }
  const foreign = filters.find(({ id }) => id > LAST_FILTER_OF_HDF5);
  if (foreign !== undefined) {
    return `is compressed with ${foreign.name || `filter ${foreign.id}`}, which needs a plug-in. Store it uncompressed or with gzip`;
  }

  const shape = metadata.shape ?? [];
  const chunk = metadata.chunks ?? shape.map(() => 1);
  const chunkBytes = chunk.reduce((product, length) => product * length, metadata.size);
  const compressed = filters.length > 0;
  if (compressed && chunkBytes > MAX_CHUNK_BYTES) {
    return (
      `is compressed in chunks of ${chunkBytes} bytes, but a chunk may have at most ${MAX_CHUNK_BYTES}. ` +
      `Store it uncompressed or in smaller chunks`
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
