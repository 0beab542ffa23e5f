import type { Tensor } from '@tensorflow/tfjs-core';

import type { Dimension, ScanOperation, Value } from '../../graph/operations.js';
import type { TensorFlow } from './tensorflow.js';

/** What an operation needs to run. */
export interface Running {
  tf: TensorFlow;
  /** The tensor of a value. */
  read: (value: Value) => Tensor;
  /** The rows of a matrix, if it is kept in parts. */
  parts: (value: Value) => readonly Tensor[];
  /** A length that is known only when the model runs. */
  length: (dimension: Dimension) => number;
  /** Runs a loop. */
  scan: (operation: ScanOperation) => Tensor[];
}
