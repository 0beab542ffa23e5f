import { setImmediate } from 'node:timers/promises';

import { ModelFileError } from '../../errors.js';
import { firstNotFinite } from '../../first-not-finite.js';
import { arrangeInto } from './arrange.js';
import { BLOCK_BYTES, blocksOf, runsOf } from './blocks.js';
import type { Dataset } from './dataset.js';
import type { Hdf5File } from './hdf5-file.js';
import { toFloat32 } from './numbers.js';
import type { StoredWeight } from './stored-model.js';

/** Options of `readWeight`. */
export interface ReadWeightOptions {
  /** Name of the weight's layer, for error messages. */
  layer: string;
  /**
   * Stops the reading when it is aborted.
   *
   * @default undefined
   */
  signal?: AbortSignal | undefined;
  /** Called after every few MiB with the number of bytes that were read since the last call. */
  onBytes: (bytes: number) => void;
}

/**
 * Reads a weight block by block and arranges it as the graph needs it. The event loop runs after each block.
 *
 * @throws {ModelFileError} When the weight cannot be read, is of a type that is not read, or holds NaN or an infinite
 * number.
 */
export async function readWeight(
  file: Hdf5File,
  weight: StoredWeight,
  options: ReadWeightOptions,
): Promise<Float32Array> {
  const { dataset } = weight;
  const { type } = dataset;
  if (type === undefined) {
    throw new ModelFileError(
      'ERR_KERAS_WRONG_TYPE',
      `Layer ${options.layer}: ${dataset.path} must hold floating-point numbers of 16, 32 or 64 bits or integers of 8 bits: ${file.path}`,
      {
        file: file.path,
        layer: options.layer,
        weight: dataset.path,
      },
    );
  }
  const result = new Float32Array(dataset.bytes / dataset.numberBytes);
  const place = arrangeInto(result, weight);

  for (const block of blocksOf(dataset)) {
    options.signal?.throwIfAborted();
    using loaded = file.read(dataset, block);
    // Decompressing a big chunk blocks for long, so let the event loop run before the work below.
    await setImmediate();
    let handled = 0;
    for (const run of runsOf(dataset.shape, block, BLOCK_BYTES / dataset.numberBytes)) {
      const from = run.inBlock * dataset.numberBytes;
      const bytes = loaded.bytes(from, from + run.length * dataset.numberBytes);
      const numbers = toFloat32(bytes, type);
      const wrong = firstNotFinite(numbers);
      if (wrong >= 0)
        throw notFinite(file.path, options.layer, dataset, run.inDataset + wrong, numbers[wrong]);
      place(numbers, run.inDataset);
      handled += bytes.byteLength;
      if (handled >= BLOCK_BYTES) {
        options.onBytes(handled);
        handled = 0;
        await setImmediate();
      }
    }
    if (handled > 0) options.onBytes(handled);
    await setImmediate();
  }
  return result;
}

function notFinite(
  file: string,
  layer: string,
  dataset: Dataset,
  index: number,
  value: number | undefined,
): ModelFileError {
  const position: number[] = [];
  for (const length of dataset.shape.toReversed()) {
    position.unshift(index % length);
    index = Math.floor(index / length);
  }
  return new ModelFileError(
    'ERR_KERAS_NOT_FINITE',
    `Layer ${layer}: ${dataset.path} holds ${String(value)} at [${position.join(', ')}]: ${file}`,
    { file, layer, weight: dataset.path },
  );
}
