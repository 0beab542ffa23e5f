import { ModelFileError } from '../errors.js';
import type { Binding } from './bind.js';

/** Highest ratio that deflate can reach. Source: zlib's "Technical Details", maximum compression factor. */
const MAX_COMPRESSION = 1032;

/**
 * Checks that no weight is larger than the file can hold. Run this before memory is allocated for the weights.
 *
 * @param fileBytes Size of the file in bytes.
 * @throws {ModelFileError} When a weight claims more bytes than the file can hold.
 */
export function checkSizes(file: string, fileBytes: number, binding: Binding): void {
  for (const [{ layer }, { path, bytes, compressed, shape }] of binding) {
    const most = compressed ? fileBytes * MAX_COMPRESSION : fileBytes;
    if (bytes > most) {
      throw new ModelFileError(
        'ERR_KERAS_SIZE_NOT_CREDIBLE',
        `Layer ${layer}: ${path} claims ${bytes} bytes, but the whole file has ${fileBytes}: ${file}`,
        { file, layer, weight: path, actual: shape },
      );
    }
  }
}
