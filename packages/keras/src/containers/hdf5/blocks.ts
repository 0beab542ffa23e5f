import type { Dataset } from './dataset.js';
import type { Block } from './hdf5-file.js';

/** Size of a block in bytes. To read and check one takes about 10 ms, and the event loop runs between two blocks. */
export const BLOCK_BYTES = 4 * 1024 * 1024;

/**
 * Divides a dataset into blocks of whole chunks, so that each chunk is decompressed only once. A block has
 * `BLOCK_BYTES` or less, unless a single chunk has more.
 */
export function* blocksOf(dataset: Dataset): Generator<Block> {
  const { shape } = dataset;
  const size = blockShape(dataset);
  if (shape.includes(0)) return;
  const offset = shape.map(() => 0);
  for (;;) {
    yield {
      offset: [...offset],
      count: offset.map((from, axis) => Math.min(size[axis] ?? 1, (shape[axis] ?? 1) - from)),
    };
    // Advance like an odometer: the last dimension first, with a carry to the one before.
    let axis = shape.length - 1;
    for (; axis >= 0; axis--) {
      const next = (offset[axis] ?? 0) + (size[axis] ?? 1);
      offset[axis] = next < (shape[axis] ?? 1) ? next : 0;
      if (offset[axis] !== 0) break;
    }
    if (axis < 0) return;
  }
}

/** Joins chunks along the last dimension first, because this gives the longest runs of consecutive numbers. */
function blockShape({ shape, grain, numberBytes }: Dataset): number[] {
  const size = [...grain];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const bytes = size.reduce((product, length) => product * length, numberBytes);
    const [chunk = 1, length = 1] = [grain[axis], shape[axis]];
    const chunks = Math.max(1, Math.min(Math.ceil(length / chunk), Math.floor(BLOCK_BYTES / bytes)));
    size[axis] = chunk * chunks;
    if (chunk * chunks < length) break;
  }
  return size;
}

/** Numbers of a block that are also consecutive in the dataset. */
export interface Run {
  /** Position of the first number within the block. */
  inBlock: number;
  /** Position of the first number within the dataset. */
  inDataset: number;
  /** Count of numbers. */
  length: number;
}

/** Divides a block into runs of at most `longest` numbers. */
export function* runsOf(shape: readonly number[], { offset, count }: Block, longest: number): Generator<Run> {
  // The block contains all dimensions after `axis` in full.
  let axis = shape.length - 1;
  while (axis > 0 && count[axis] === shape[axis]) axis--;
  const length = product(count.slice(axis));
  const runs = product(count) / length;
  for (let run = 0; run < runs; run++) {
    let inDataset = (offset[axis] ?? 0) * product(shape.slice(axis + 1));
    let stride = product(shape.slice(axis));
    let rest = run;
    for (let outer = axis - 1; outer >= 0; outer--) {
      const entries = count[outer] ?? 1;
      inDataset += ((rest % entries) + (offset[outer] ?? 0)) * stride;
      rest = Math.floor(rest / entries);
      stride *= shape[outer] ?? 1;
    }
    for (let from = 0; from < length; from += longest) {
      yield {
        inBlock: run * length + from,
        inDataset: inDataset + from,
        length: Math.min(longest, length - from),
      };
    }
  }
}

function product(lengths: readonly number[]): number {
  return lengths.reduce((result, length) => result * length, 1);
}
