/** Type of the numbers of a value. All floating-point types of Keras are computed as float32. */
export type DType = 'float32' | 'int32' | 'int64' | 'bool' | 'string';

/** A length that is known only when the model runs: that of one dimension of a value. */
export interface DimensionOf {
  readonly of: Value;
  readonly axis: number;
}

/** Length of a dimension. */
export type Dimension = number | DimensionOf;

export type Shape = readonly Dimension[];

/** A weight that a graph needs. The file's numbers are bound to it after the graph is built. */
export interface WeightSlot {
  /** Name of the weight in its layer: `kernel`, `bias`, `gamma` and so on. */
  readonly name: string;
  /** Path of the layer in its model. Layers of nested models are `outer/inner`. */
  readonly layer: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Whether it is the kernel of a convolution, which Theano kept rotated by 180 degrees. */
  readonly convolution: boolean;
}

/** Numbers in memory, in row-major order. Booleans are 0 and 1. */
export type Numbers = Float32Array | Int32Array | BigInt64Array | Uint8Array | readonly string[];

/** Where a value comes from. */
export type Source =
  | { kind: 'input'; name: string }
  /** An input of the body of a `scan`. */
  | { kind: 'step' }
  | { kind: 'weight'; slot: WeightSlot }
  | { kind: 'literal'; data: Numbers }
  | { kind: 'operation'; operation: Operation; output: number };

/** A tensor of a graph. It is computed by an engine; here, only its shape and type are known. */
export interface Value {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly source: Source;
}

/**
 * Functions of one number. `round` rounds halves to even. `asFloat16` and `asBfloat16` give the nearest number of these
 * types, as float32.
 */
export const UNARY = [
  'abs',
  'acos',
  'acosh',
  'asBfloat16',
  'asFloat16',
  'asin',
  'asinh',
  'atan',
  'atanh',
  'ceil',
  'cos',
  'cosh',
  'erf',
  'exp',
  'floor',
  'isInfinite',
  'isNaN',
  'log',
  'negative',
  'not',
  'reciprocal',
  'relu',
  'round',
  'sigmoid',
  'sign',
  'sin',
  'sinh',
  'softplus',
  'sqrt',
  'tan',
  'tanh',
] as const;
export type UnaryFunction = (typeof UNARY)[number];

/**
 * Functions of two numbers. `floorMod` takes the sign of the divisor, `truncatedMod` that of the dividend. `quotient` and
 * `bitAnd` take integers; the quotient is rounded towards 0.
 */
export const BINARY = [
  'add',
  'bitAnd',
  'divide',
  'floorMod',
  'maximum',
  'minimum',
  'multiply',
  'power',
  'quotient',
  'subtract',
  'truncatedMod',
] as const;
export type BinaryFunction = (typeof BINARY)[number];

/** Functions of two numbers with a boolean result. The last three take booleans. */
export const COMPARISONS = [
  'equal',
  'greater',
  'greaterOrEqual',
  'less',
  'lessOrEqual',
  'and',
  'or',
  'xor',
] as const;
export type Comparison = (typeof COMPARISONS)[number];

export const REDUCTIONS = ['max', 'mean', 'min', 'product', 'sum'] as const;
export type Reduction = (typeof REDUCTIONS)[number];

/**
 * Padding of a window operation along its spatial dimensions. `same`: as much as makes the output as long as the input
 * divided by the stride, rounded up; if it is odd, the larger half comes after.
 */
export type Padding = 'same' | readonly (readonly [before: number, after: number])[];

/** Windows over the spatial dimensions of a value of shape (batch, …spatial, channels). */
export interface Windows {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: Padding;
}

/** The activation of a recurrent operation. `hardSigmoid` is `alpha` x + `beta`, limited to 0 to 1. */
export type RecurrentActivation =
  | { fn: 'tanh' | 'sigmoid' | 'relu' | 'linear' | 'softsign' | 'softplus' }
  | { fn: 'hardSigmoid'; alpha: number; beta: number };

/**
 * What computes a value from others. Shapes are row-major, with channels last. A window operation knows nothing of the
 * layout that an engine prefers.
 */
export type Operation =
  | { op: 'unary'; fn: UnaryFunction; x: Value }
  | { op: 'binary'; fn: BinaryFunction; a: Value; b: Value }
  | { op: 'compare'; fn: Comparison; a: Value; b: Value }
  /** `x` where it is positive, and `alpha` times `x` elsewhere. */
  | { op: 'leakyRelu'; x: Value; alpha: number }
  /** `x` where it is positive, and `alpha` times (e^x - 1) elsewhere. */
  | { op: 'elu'; x: Value; alpha: number }
  | { op: 'gelu'; x: Value; approximate: boolean }
  /** Limits numbers to a range. */
  | { op: 'clip'; x: Value; min: number; max: number }
  | { op: 'where'; condition: Value; a: Value; b: Value }
  /** Converts numbers. From float to integer, the fraction is dropped. To bool, every number but 0 is true. */
  | { op: 'cast'; x: Value; dtype: DType }
  /** Product of matrices in the last two dimensions. Others are broadcast. */
  | { op: 'matMul'; a: Value; b: Value }
  | { op: 'einsum'; equation: string; inputs: readonly Value[] }
  /** Correlation with a kernel of shape (…spatial, channels / groups, filters), plus a bias of shape (filters). */
  | ({ op: 'conv'; x: Value; kernel: Value; bias: Value | undefined; groups: number } & Windows)
  /**
   * The gradient of `conv`, with a kernel of shape (…spatial, filters, channels). The full output is cut by `cut` along
   * each spatial dimension, or made longer by zeros where it is negative.
   */
  | {
      op: 'convTranspose';
      x: Value;
      kernel: Value;
      bias: Value | undefined;
      strides: readonly number[];
      dilations: readonly number[];
      cut: readonly (readonly [before: number, after: number])[];
    }
  /** Greatest or mean number of each window. Padding does not count. */
  | ({ op: 'pool'; fn: 'max' | 'mean'; x: Value; size: readonly number[] } & Windows)
  | { op: 'reduce'; fn: Reduction; x: Value; axes: readonly number[]; keepDims: boolean }
  /** Index of the first greatest or least number along an axis. */
  | { op: 'argReduce'; fn: 'max' | 'min'; x: Value; axis: number; keepDims: boolean }
  | { op: 'softmax'; x: Value; axis: number }
  /** Makes mean 0 and variance 1 over the dimensions from `axis` on, then multiplies by `scale` and adds `bias`. */
  | {
      op: 'layerNormalization';
      x: Value;
      scale: Value;
      bias: Value | undefined;
      axis: number;
      epsilon: number;
    }
  | { op: 'reshape'; x: Value; shape: readonly Dimension[] }
  | { op: 'transpose'; x: Value; permutation: readonly number[] }
  /** Repeats dimensions of length 1. */
  | { op: 'expand'; x: Value; shape: readonly Dimension[] }
  | { op: 'tile'; x: Value; repeats: readonly number[] }
  | { op: 'concat'; inputs: readonly Value[]; axis: number }
  /** One range for each axis. `end` is exclusive. Negative positions count from the end, as in Python. */
  | { op: 'slice'; x: Value; ranges: readonly SliceRange[] }
  | {
      op: 'pad';
      x: Value;
      padding: readonly (readonly [before: number, after: number])[];
      mode: 'constant' | 'reflect' | 'edge' | 'wrap';
      value: number;
    }
  /** Takes slices along an axis. Negative indices count from the end. */
  | { op: 'gather'; x: Value; indices: Value; axis: number }
  /** Takes single numbers along an axis: `indices` has the rank of `x`. */
  | { op: 'gatherElements'; x: Value; indices: Value; axis: number }
  /** The greatest `k` numbers along the last axis in falling order, and their indices. */
  | { op: 'topK'; x: Value; k: Dimension }
  | { op: 'cumulativeSum'; x: Value; axis: number; reverse: boolean }
  /** Length of a dimension, as a scalar. */
  | { op: 'length'; of: Dimension }
  /** 0, 1 and so on below the length. */
  | { op: 'range'; length: Dimension }
  /** Interpolates rows and columns of images of shape (batch, rows, columns, channels). Pixels are centred at halves. */
  | { op: 'resize'; x: Value; size: readonly [rows: number, columns: number] }
  /** Maps keys to values; what is not a key becomes `otherwise`. */
  | {
      op: 'lookup';
      x: Value;
      keys: readonly string[] | readonly number[];
      values: readonly string[] | readonly number[];
      otherwise: string | number;
    }
  | LstmOperation
  | GruOperation
  | RnnOperation
  | ScanOperation;

export interface SliceRange {
  readonly axis: number;
  readonly start: number;
  /** `undefined`: to the last entry in the direction of `step`. */
  readonly end: number | undefined;
  readonly step: number;
}

interface Recurrent {
  /** Shape (batch, time, features). */
  readonly x: Value;
  /** From the last step to the first. The outputs stay in that order. */
  readonly reverse: boolean;
  /** Whether every output is returned, in shape (batch, time, units), or only the last. */
  readonly sequences: boolean;
}

/**
 * Outputs: (batch, time, units) or (batch, units), then the last h and c. Gates are in Keras's order: input, forget,
 * cell, output.
 */
export interface LstmOperation extends Recurrent {
  readonly op: 'lstm';
  readonly kernel: Value;
  readonly recurrent: Value;
  readonly bias: Value | undefined;
  readonly h: Value | undefined;
  readonly c: Value | undefined;
  readonly activation: RecurrentActivation;
  readonly recurrentActivation: RecurrentActivation;
}

/** Gates are in Keras's order: update, reset, candidate. The bias has 2 rows if `resetAfter`. */
export interface GruOperation extends Recurrent {
  readonly op: 'gru';
  readonly kernel: Value;
  readonly recurrent: Value;
  readonly bias: Value | undefined;
  readonly h: Value | undefined;
  readonly resetAfter: boolean;
  readonly activation: RecurrentActivation;
  readonly recurrentActivation: RecurrentActivation;
}

export interface RnnOperation extends Recurrent {
  readonly op: 'rnn';
  readonly kernel: Value;
  readonly recurrent: Value;
  readonly bias: Value | undefined;
  readonly h: Value | undefined;
  readonly activation: RecurrentActivation;
}

/** Runs a body once for each entry along the first axis of the sequences. Outputs: the last states, then the rows. */
export interface ScanOperation {
  readonly op: 'scan';
  readonly states: readonly Value[];
  readonly sequences: readonly Value[];
  readonly body: {
    /** Values of source `step` that stand for the states and for one entry of each sequence. */
    readonly states: readonly Value[];
    readonly entries: readonly Value[];
    readonly nextStates: readonly Value[];
    /** What is collected from each step. */
    readonly rows: readonly Value[];
  };
}
