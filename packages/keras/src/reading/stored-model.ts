import type { Dataset } from './dataset.js';

/** What a model file holds, whatever its layout: layers with weights, in the file's order. */
export interface StoredModel {
  /** For messages and for the user to see. */
  layout: 'Keras 1 (nb_layers)' | 'weights by layer name' | 'whole model';
  /** Whether `StoredLayer.name` means something, or only the order does. */
  named: boolean;
  layers: readonly StoredLayer[];
  /** The architecture as JSON text, in a whole model. */
  config?: string;
}

export interface StoredLayer {
  name: string;
  /** Kernel first, then bias. */
  weights: readonly StoredWeight[];
}

export interface StoredWeight {
  dataset: Dataset;
  /** As a graph wants it: rows, columns, input channels, output channels; or inputs, units. */
  shape: readonly number[];
  arrangement: Arrangement;
}

/** How the numbers in the file become those of `StoredWeight.shape`. */
export type Arrangement =
  | { kind: 'as stored' }
  /** A kernel for true convolution, rotated by 180 degrees against the correlation that engines compute. */
  | { kind: 'rotated kernel' }
  /** Theano's order: output channels, input channels, rows, columns. */
  | { kind: 'channels first kernel'; rotated: boolean }
  /** A dense kernel whose inputs are in channel, row, column order instead of row, column, channel. */
  | { kind: 'channels first rows'; channels: number };

/**
 * What the stored convolution kernels are for: engines compute a correlation; Theano computed a true convolution,
 * for which the same kernel is rotated by 180 degrees.
 */
export type KernelConvention = 'convolution' | 'correlation';
