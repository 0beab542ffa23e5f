import type {
  BinaryFunction,
  Comparison,
  Operation,
  RecurrentActivation,
  Reduction,
  UnaryFunction,
} from '../../graph/operations.js';

/** Names of TensorFlow.js kernels. A backend may lack some. */
type Kernels = readonly string[];

const UNARY: Readonly<Record<UnaryFunction, Kernels>> = {
  abs: ['Abs'],
  acos: ['Acos'],
  acosh: ['Acosh'],
  asBfloat16: [],
  asFloat16: [],
  asin: ['Asin'],
  asinh: ['Asinh'],
  atan: ['Atan'],
  atanh: ['Atanh'],
  ceil: ['Ceil'],
  cos: ['Cos'],
  cosh: ['Cosh'],
  erf: ['Erf'],
  exp: ['Exp'],
  floor: ['Floor'],
  isInfinite: ['IsInf'],
  isNaN: ['IsNan'],
  log: ['Log'],
  negative: ['Neg'],
  not: ['LogicalNot'],
  reciprocal: ['Reciprocal'],
  relu: ['Relu'],
  round: ['Round'],
  sigmoid: ['Sigmoid'],
  sign: ['Sign', 'IsNan', 'Select'],
  sin: ['Sin'],
  sinh: ['Sinh'],
  softplus: ['Softplus'],
  sqrt: ['Sqrt'],
  tan: ['Tan'],
  tanh: ['Tanh'],
};

const BINARY: Readonly<Record<BinaryFunction, Kernels>> = {
  add: ['Add'],
  bitAnd: ['Tile'],
  divide: ['RealDiv'],
  floorMod: ['Tile'],
  maximum: ['Maximum', 'IsNan', 'Select'],
  minimum: ['Minimum', 'IsNan', 'Select'],
  multiply: ['Multiply'],
  power: ['Pow'],
  quotient: ['Tile'],
  subtract: ['Sub'],
  truncatedMod: ['Tile'],
};

const COMPARE: Readonly<Record<Comparison, Kernels>> = {
  and: ['LogicalAnd'],
  equal: ['Equal', 'Cast'],
  greater: ['Greater', 'Cast'],
  greaterOrEqual: ['GreaterEqual', 'Cast'],
  less: ['Less', 'Cast'],
  lessOrEqual: ['LessEqual', 'Cast'],
  or: ['LogicalOr'],
  xor: ['NotEqual', 'Cast'],
};

const REDUCE: Readonly<Record<Reduction, Kernels>> = {
  max: ['Max'],
  mean: ['Mean'],
  min: ['Min'],
  product: ['Prod'],
  sum: ['Sum'],
};

const ACTIVATIONS: Readonly<Record<RecurrentActivation['fn'], Kernels>> = {
  tanh: ['Tanh'],
  sigmoid: ['Sigmoid'],
  relu: ['Relu'],
  linear: [],
  softsign: ['Abs', 'RealDiv'],
  softplus: ['Softplus'],
  hardSigmoid: ['ClipByValue'],
};

const MOVE = ['Cast', 'Reshape', 'Slice'];
const PRODUCT = ['BatchMatMul', 'Reshape', 'Slice', 'Tile', 'Add'];
const RECURRENT = [...PRODUCT, 'Unpack', 'Pack', 'SplitV', 'Multiply', 'Sub', 'Fill', 'Identity'];
const GROUPS = ['SplitV', 'Concat'];
/** For windows that are computed by the products of their entries. */
const BY_POSITIONS = [...PRODUCT, 'GatherV2'];

/** The kernels that an operation may run, in any of its settings. */
export function kernelsOf(operation: Operation): Kernels {
  switch (operation.op) {
    case 'unary':
      return UNARY[operation.fn];
    case 'binary':
      return BINARY[operation.fn];
    case 'compare':
      return COMPARE[operation.fn];
    case 'reduce':
      return REDUCE[operation.fn];
    case 'leakyRelu':
      return ['LeakyRelu'];
    case 'elu':
      return ['Elu', 'Greater', 'Select', 'Multiply'];
    case 'gelu':
      return ['Add', 'Multiply', ...(operation.approximate ? ['Tanh', 'Pow'] : ['Erf'])];
    case 'clip':
      return ['Maximum', 'Minimum', 'Identity'];
    case 'where':
      return ['Select', 'Cast', 'Tile'];
    case 'cast':
      return ['Cast', 'NotEqual'];
    case 'matMul':
      return PRODUCT;
    case 'einsum':
      return [...PRODUCT, 'Transpose', 'Sum'];
    case 'conv':
      return [...MOVE, 'PadV2', 'Add', ...convKernels(operation), ...GROUPS];
    case 'convTranspose':
      return [...MOVE, 'PadV2', 'Add', 'Transpose', 'Conv2DBackpropInput', ...convKernels(operation)];
    case 'pool':
      return [...MOVE, 'PadV2', 'Fill', 'RealDiv', operation.fn === 'max' ? 'MaxPool' : 'AvgPool'];
    case 'argReduce':
      return [operation.fn === 'max' ? 'ArgMax' : 'ArgMin', 'ExpandDims'];
    case 'softmax':
      return ['Softmax', 'Exp', 'Max', 'Sum', 'Sub', 'RealDiv'];
    case 'layerNormalization':
      return ['Mean', 'Square', 'Sub', 'Rsqrt', 'Multiply', 'Add'];
    case 'reshape':
      return ['Reshape'];
    case 'transpose':
      return ['Transpose', 'Cast'];
    case 'expand':
    case 'tile':
      return ['Tile', 'Cast', 'Reshape'];
    case 'concat':
      return ['Concat', 'Cast'];
    case 'slice':
      return [...MOVE, 'GatherV2'];
    case 'pad':
      return ['Cast', operation.mode === 'constant' ? 'PadV2' : 'GatherV2'];
    case 'gather':
      return ['GatherV2', 'Less', 'Add', 'Select', 'Cast'];
    case 'gatherElements':
      return ['GatherV2', 'Less', 'Add', 'Select', 'Cast', 'Range', 'Multiply', 'Reshape'];
    case 'topK':
      return ['TopK'];
    case 'cumulativeSum':
      return ['Cumsum'];
    case 'length':
    case 'lookup':
      return [];
    case 'range':
      return ['Range'];
    case 'resize':
      return ['ResizeBilinear'];
    case 'lstm':
    case 'gru':
      return [
        ...RECURRENT,
        ...ACTIVATIONS[operation.activation.fn],
        ...ACTIVATIONS[operation.recurrentActivation.fn],
      ];
    case 'rnn':
      return [...RECURRENT, ...ACTIVATIONS[operation.activation.fn]];
    case 'scan':
      return ['Unpack', 'Pack', 'Identity', 'Cast'];
  }
}

function convKernels({ kernel }: Operation & { op: 'conv' | 'convTranspose' }): Kernels {
  return kernel.shape.length > 4
    ? ['Conv3D', ...BY_POSITIONS]
    : ['Conv2D', 'DepthwiseConv2dNative', 'ExpandDims', ...BY_POSITIONS];
}
