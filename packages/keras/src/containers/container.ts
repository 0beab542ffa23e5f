import type { KernelConvention } from './hdf5/stored-model.js';

/** What a file does not say of itself. */
export interface ReadingOptions {
  /** How the file stores convolution kernels; `undefined` if the file decides. */
  kernels: KernelConvention | undefined;
  /** For a file with numbered layers: how the model flattens images. */
  flatten: 'channels first' | 'channels last';
}

/** Options for reading a weight. */
export interface ReadOptions {
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

/** A weight in a file, whose shape is known before its numbers are read. */
export interface StoredArray {
  /** Its name or path in the file. */
  path: string;
  shape: readonly number[];
  /** Size of the stored numbers when uncompressed, in bytes. */
  bytes: number;
  /** Whether the stored bytes may be fewer. */
  compressed: boolean;
  /**
   * Reads all numbers, as 32-bit floats.
   *
   * @throws {ModelFileError} When they cannot be read, or one is NaN or infinite.
   */
  read(options: ReadOptions): Promise<Float32Array>;
}

export interface StoredLayer {
  name: string;
  /** In the order of the file. */
  arrays: readonly StoredArray[];
}

/** The weights of a file, in one of the forms in which Keras keeps them. */
export type StoredWeights =
  /**
   * A list for each outermost layer. Without names, only the order counts. `rotated`: kernels of convolutions are rotated
   * by 180 degrees.
   */
  | { kind: 'layers'; named: boolean; layers: readonly StoredLayer[]; rotated: boolean }
  /** A path for each weight, after the attributes of the Python objects that hold it. */
  | { kind: 'tree'; arrays: ReadonlyMap<string, StoredArray> }
  /** A name for each weight, as TensorFlow.js keeps them. */
  | { kind: 'names'; arrays: readonly StoredArray[] };

/** An opened model file. */
export interface Container extends AsyncDisposable {
  /** The format, for people. */
  format: string;
  /** Version of Keras that wrote it, if the file says so. */
  keras: string | undefined;
  /** The configuration of the model, parsed; `undefined` if the file holds only weights. */
  config: unknown;
  /** Texts beside the configuration that layers refer to, such as vocabularies, by path. */
  assets: ReadonlyMap<string, Buffer>;
  weights: StoredWeights;
  /** Size in bytes of all files. */
  bytes: number;
}
