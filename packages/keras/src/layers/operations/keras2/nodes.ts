import { isList } from '../../../config/json.js';
import { type CallArgument, UnsupportedError } from '../../layer.js';

/** A node as a call of a function of TensorFlow. */
interface NodeCall {
  name: string;
  given: Record<string, CallArgument>;
}

type Node = (inputs: readonly CallArgument[], attribute: (name: string) => unknown) => NodeCall;

/** Inputs become the parameters of these names; attributes those that `attributes` names. */
function as(
  name: string,
  parameters: readonly string[],
  attributes: Readonly<Record<string, string>> = {},
): Node {
  return (inputs, attribute) => {
    const given: Record<string, CallArgument> = {};
    for (const [at, parameter] of parameters.entries()) {
      const input = inputs[at];
      if (input !== undefined) given[parameter] = input;
    }
    for (const [parameter, from] of Object.entries(attributes))
      given[parameter] = { kind: 'value', value: attribute(from) };
    return { name, given };
  };
}

const unary = (name: string, first = 'x') => as(name, [first]);
const binary = (name: string) => as(name, ['x', 'y']);
const reduction = (name: string) => as(name, ['input_tensor', 'axis'], { keepdims: 'keep_dims' });

function list(name: string, attributes: Readonly<Record<string, string>>, axisLast: boolean): Node {
  return (inputs, attribute) => {
    const given: Record<string, CallArgument> = {
      values: { kind: 'list', items: axisLast ? inputs.slice(0, -1) : inputs },
    };
    const last = inputs.at(-1);
    if (axisLast && last !== undefined) given['axis'] = last;
    for (const [parameter, from] of Object.entries(attributes))
      given[parameter] = { kind: 'value', value: attribute(from) };
    return { name, given };
  };
}

/** `x[begin:end:strides]`, with bits that tell which bounds do not count. */
const stridedSlice: Node = (inputs, attribute) => {
  const numbers = inputs.slice(1).map((input) => {
    if (input.kind === 'value' && isList(input.value)) return input.value.map(Number);
    throw new UnsupportedError('its bounds are only known when the model runs');
  });
  const [begin = [], end = [], strides = []] = numbers;
  const has = (mask: string, at: number) => ((Number(attribute(mask) ?? 0) >> at) & 1) === 1;
  const spec = begin.map((start, at) => {
    if (has('ellipsis_mask', at)) return { class_name: '__ellipsis__' };
    if (has('new_axis_mask', at)) return null;
    if (has('shrink_axis_mask', at)) return start;
    return {
      start: has('begin_mask', at) ? null : start,
      stop: has('end_mask', at) ? null : (end[at] ?? null),
      step: strides[at] ?? 1,
    };
  });
  const [tensor] = inputs;
  return {
    name: '__operators__.getitem',
    given: { ...(tensor === undefined ? {} : { tensor }), slice_spec: { kind: 'value', value: spec } },
  };
};

/** Nodes of TensorFlow, as calls of its functions. */
export const NODES: Readonly<Record<string, Node>> = {
  Abs: unary('math.abs'),
  Add: binary('math.add'),
  AddV2: binary('math.add'),
  ArgMax: as('math.argmax', ['input', 'axis'], { output_type: 'output_type' }),
  ArgMin: as('math.argmin', ['input', 'axis'], { output_type: 'output_type' }),
  BatchMatMulV2: as('linalg.matmul', ['a', 'b'], { adj_x: 'adj_x', adj_y: 'adj_y' }),
  BiasAdd: as('nn.bias_add', ['value', 'bias']),
  Cast: as('cast', ['x'], { dtype: 'DstT' }),
  Ceil: unary('math.ceil'),
  ConcatV2: list('concat', {}, true),
  Cos: unary('math.cos'),
  DivNoNan: binary('math.divide_no_nan'),
  Equal: binary('math.equal'),
  Erf: unary('math.erf'),
  Exp: unary('math.exp'),
  ExpandDims: as('expand_dims', ['input', 'axis']),
  Floor: unary('math.floor'),
  FloorDiv: binary('math.floordiv'),
  FloorMod: binary('math.floormod'),
  GatherV2: as('gather', ['params', 'indices', 'axis'], { batch_dims: 'batch_dims' }),
  Greater: binary('math.greater'),
  GreaterEqual: binary('math.greater_equal'),
  Identity: unary('identity', 'input'),
  LeakyRelu: as('nn.leaky_relu', ['features'], { alpha: 'alpha' }),
  Less: binary('math.less'),
  LessEqual: binary('math.less_equal'),
  Log: unary('math.log'),
  LogicalAnd: binary('math.logical_and'),
  LogicalNot: unary('math.logical_not'),
  LogicalOr: binary('math.logical_or'),
  MatMul: as('linalg.matmul', ['a', 'b'], { transpose_a: 'transpose_a', transpose_b: 'transpose_b' }),
  Max: reduction('math.reduce_max'),
  Maximum: binary('math.maximum'),
  Mean: reduction('math.reduce_mean'),
  Min: reduction('math.reduce_min'),
  Minimum: binary('math.minimum'),
  Mul: binary('math.multiply'),
  Neg: unary('math.negative'),
  NotEqual: binary('math.not_equal'),
  Pack: list('stack', { axis: 'axis' }, false),
  Pad: as('pad', ['tensor', 'paddings']),
  PadV2: as('pad', ['tensor', 'paddings', 'constant_values']),
  Pow: binary('math.pow'),
  Prod: reduction('math.reduce_prod'),
  RealDiv: binary('math.truediv'),
  Reciprocal: unary('math.reciprocal'),
  Relu: unary('nn.relu', 'features'),
  Relu6: unary('nn.relu6', 'features'),
  Reshape: as('reshape', ['tensor', 'shape']),
  ReverseV2: as('reverse', ['tensor', 'axis']),
  Round: unary('math.round'),
  Rsqrt: unary('math.rsqrt'),
  SelectV2: as('where', ['condition', 'x', 'y']),
  Shape: unary('shape', 'input'),
  Sigmoid: unary('math.sigmoid'),
  Sign: unary('math.sign'),
  Sin: unary('math.sin'),
  Softmax: unary('nn.softmax', 'logits'),
  Softplus: unary('math.softplus', 'features'),
  Sqrt: unary('math.sqrt'),
  Square: unary('math.square'),
  SquaredDifference: binary('math.squared_difference'),
  Squeeze: (inputs, attribute) => {
    const axes = attribute('squeeze_dims');
    const stated = isList(axes) && axes.length > 0 ? { axis: { kind: 'value', value: axes } as const } : {};
    const [input] = inputs;
    return { name: 'squeeze', given: { ...(input === undefined ? {} : { input }), ...stated } };
  },
  StopGradient: unary('stop_gradient', 'input'),
  StridedSlice: stridedSlice,
  Sub: binary('math.subtract'),
  Sum: reduction('math.reduce_sum'),
  Tanh: unary('math.tanh'),
  Tile: as('tile', ['input', 'multiples']),
  Transpose: as('transpose', ['a', 'perm']),
};
