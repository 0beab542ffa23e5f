import { setImmediate } from 'node:timers/promises';
import { ModelFileError } from '../errors.js';
import { firstNotFinite } from '../first-not-finite.js';
import { arrangeInto } from './arrange.js';
import type { Dataset, Hdf5File } from './hdf5-file.js';
import { toFloat32 } from './numbers.js';
import type { StoredWeight } from './stored-model.js';

/** One slice takes about 10 ms to read and check; the event loop turns between two. */
const SLICE_BYTES = 4 * 1024 * 1024;

export interface ReadWeightOptions {
  /** The layer it belongs to, for messages. */
  layer: string;
  signal?: AbortSignal | undefined;
  /** Called after each slice with the number of bytes read from the file. */
  onBytes: (bytes: number) => void;
}

/** Reads one weight slice by slice, arranges it as graphs want it, and refuses numbers that are not finite. */
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
      `${dataset.path} does not hold floating-point numbers: ${file.path}`,
      {
        file: file.path,
        layer: options.layer,
        weight: dataset.path,
      },
    );
  }
  const [rows = 1, ...rest] = dataset.shape;
  const rowLength = rest.reduce((product, length) => product * length, 1);
  const rowsPerSlice = Math.max(1, Math.floor((SLICE_BYTES * rows) / dataset.bytes));
  const result = new Float32Array(rows * rowLength);
  const place = arrangeInto(result, weight);

  for (let first = 0; first < rows; first += rowsPerSlice) {
    options.signal?.throwIfAborted();
    const count = Math.min(rowsPerSlice, rows - first);
    options.onBytes(
      file.readRows(dataset, first, count, (bytes) => {
        const numbers = toFloat32(bytes, type);
        const wrong = firstNotFinite(numbers);
        if (wrong >= 0)
          throw notFinite(file.path, options.layer, dataset, first * rowLength + wrong, numbers[wrong]);
        place(numbers, first);
        return bytes.byteLength;
      }),
    );
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
