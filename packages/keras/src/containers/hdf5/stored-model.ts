import type { Dataset } from './dataset.js';

export interface StoredLayer {
  name: string;
  /** Kernel first, then bias. */
  weights: readonly StoredWeight[];
}

export interface StoredWeight {
  dataset: Dataset;
  /** Shape that the graph needs: (rows, columns, input channels, output channels), (inputs, units) or (units). */
  shape: readonly number[];
  arrangement: Arrangement;
}

/** How the numbers in the file must be reordered to fit `StoredWeight.shape`. */
export type Arrangement =
  | { kind: 'as stored' }
  /** Theano's order: output channels, input channels, rows, columns. */
  | { kind: 'channels first kernel'; rotated: boolean }
  /** A dense kernel whose inputs are in channel, row, column order instead of row, column, channel. */
  | { kind: 'channels first rows'; channels: number };

/**
 * How a file stores convolution kernels. `convolution`: rotated by 180 degrees, for the true convolution that Theano
 * computed. `correlation`: not rotated, for the correlation that TensorFlow and all engines here compute.
 */
export type KernelConvention = 'convolution' | 'correlation';
