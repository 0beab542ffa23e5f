import { axisOf } from '../../../graph/shapes.js';
import type { Value } from '../../../graph/value.js';
import { type Lowered, UnsupportedError } from '../../layer.js';
import { matMul } from '../products.js';
import { castTo } from '../types.js';
import { as, binary, listOf, numberOf, OPERATIONS, own, tensorOf, typeName, unary } from './parameters.js';
import { asArgument, type FunctionCall, type FunctionEntry, operation, plain, single } from './rewrite.js';

const REDUCE = { axis: ['axis', 'reduction_indices'], keepdims: ['keepdims', 'keep_dims'] };

function reduction(name: string): FunctionEntry {
  return as(name, ['input_tensor'], REDUCE);
}

/** A mean of integers is an integer in TensorFlow. */
function floatReduction(name: string): FunctionEntry {
  const entry = reduction(name);
  return own('input_tensor', (call, x) => {
    if (x.dtype !== 'float32') throw new UnsupportedError('it takes the mean of integers');
    return entry.run(call);
  });
}

function product(call: FunctionCall, a: Value): Lowered {
  const { build } = call.call;
  const b = tensorOf(call, 'b');
  const turned = (x: Value, ...names: string[]) => {
    if (!names.some((name) => plain(call, name) === true)) return x;
    const rank = x.shape.length;
    return build.transpose(x, [...[...x.shape.keys()].slice(0, -2), rank - 1, rank - 2]);
  };
  return matMul(
    build,
    turned(a, 'transpose_a', 'adjoint_a', 'adj_x'),
    turned(b, 'transpose_b', 'adjoint_b', 'adj_y'),
  );
}

/** The Euclidean norm is the default, over all axes together. */
function norm(call: FunctionCall, x: Value): Lowered {
  const { build } = call.call;
  const order = plain(call, 'ord') ?? 'euclidean';
  const [axis, keepdims] = [plain(call, 'axis'), plain(call, 'keepdims') ?? plain(call, 'keep_dims')];
  if (order === 'euclidean') {
    const axes = axis === undefined ? undefined : [axis].flat().map(Number);
    return build.sqrt(build.sum(build.square(x), axes, keepdims === true));
  }
  if (axis === undefined) {
    return operation(call, OPERATIONS, 'Norm', [asArgument(build.reshape(x, [-1]))], { ord: order, axis: 0 });
  }
  return operation(call, OPERATIONS, 'Norm', [asArgument(x)], { ord: order, axis, keepdims });
}

/** Squares are summed over the axes; the root is 1e-6 at least, by default. */
function l2Normalize(call: FunctionCall, x: Value): Lowered {
  const { build } = call.call;
  const stated = plain(call, 'axis') ?? plain(call, 'dim');
  const axes = stated === undefined ? undefined : [stated].flat().map(Number);
  const sum = build.sum(build.square(x), axes, true);
  return build.multiply(
    x,
    build.reciprocal(build.sqrt(build.maximum(sum, numberOf(call, 'epsilon', 1e-12)))),
  );
}

function argReduction(name: 'Argmax' | 'Argmin'): FunctionEntry {
  return own('input', (call, x) => {
    const axis = plain(call, 'axis') ?? plain(call, 'dimension') ?? 0;
    const found = single(operation(call, OPERATIONS, name, [asArgument(x)], { axis }));
    return castTo(call.call.build, found, typeName(plain(call, 'output_type') ?? 'int64'));
  });
}

function cumulative(name: 'Cumsum' | 'Cumprod'): FunctionEntry {
  return own('x', (call, x) => {
    const { build } = call.call;
    const axis = axisOf(numberOf(call, 'axis', 0), x.shape.length);
    const reverse = plain(call, 'reverse') === true;
    if (plain(call, 'exclusive') === true)
      throw new UnsupportedError('its sums leave out the entry itself (exclusive)');
    const input = reverse ? build.flip(x, axis) : x;
    const sums = single(operation(call, OPERATIONS, name, [asArgument(input)], { axis }));
    return reverse ? build.flip(sums, axis) : sums;
  });
}

export const MATHEMATICS: Readonly<Record<string, FunctionEntry>> = {
  '__operators__.add': binary('Add'),
  '__operators__.eq': as('Equal', ['self', 'other']),
  '__operators__.logical_and': binary('LogicalAnd'),
  '__operators__.logical_not': unary('LogicalNot'),
  '__operators__.logical_or': binary('LogicalOr'),
  '__operators__.logical_xor': binary('LogicalXor'),
  '__operators__.ne': as('NotEqual', ['self', 'other']),
  argsort: own('values', (call, x) => {
    const { build } = call.call;
    const axis = numberOf(call, 'axis', -1);
    if (plain(call, 'direction') !== 'DESCENDING')
      return operation(call, OPERATIONS, 'Argsort', [asArgument(x)], { axis });
    return operation(call, OPERATIONS, 'Argsort', [asArgument(build.negative(x))], { axis });
  }),
  clip_by_value: own('t', (call, x) => {
    const { build } = call.call;
    return build.maximum(
      build.minimum(x, tensorOf(call, 'clip_value_max')),
      tensorOf(call, 'clip_value_min'),
    );
  }),
  einsum: {
    first: 'equation',
    run: () => {
      throw new UnsupportedError('files of Keras 2 do not keep the operands of einsum apart');
    },
  },
  'linalg.diag_part': own('input', (call, x) =>
    operation(call, OPERATIONS, 'Diagonal', [asArgument(x)], {
      offset: numberOf(call, 'k', 0),
      axis1: -2,
      axis2: -1,
    }),
  ),
  'linalg.matmul': own('a', product),
  'linalg.matrix_transpose': own('a', (call, x) => {
    const rank = x.shape.length;
    return call.call.build.transpose(x, [...[...x.shape.keys()].slice(0, -2), rank - 1, rank - 2]);
  }),
  'linalg.norm': own('tensor', norm),
  'math.abs': unary('Absolute'),
  'math.acos': unary('Arccos'),
  'math.acosh': unary('Arccosh'),
  'math.add': binary('Add'),
  'math.add_n': {
    first: 'inputs',
    run: (call) => {
      const list = listOf(call, 'inputs');
      const items = list.kind === 'list' ? list.items : [list];
      return items
        .map((item) => single(operation(call, OPERATIONS, 'ConvertToTensor', [item])))
        .reduce((a, b) => call.call.build.add(a, b));
    },
  },
  'math.argmax': argReduction('Argmax'),
  'math.argmin': argReduction('Argmin'),
  'math.asin': unary('Arcsin'),
  'math.asinh': unary('Arcsinh'),
  'math.atan': unary('Arctan'),
  'math.atan2': as('Arctan2', ['y', 'x']),
  'math.atanh': unary('Arctanh'),
  'math.ceil': unary('Ceil'),
  'math.cos': unary('Cos'),
  'math.cosh': unary('Cosh'),
  'math.cumprod': cumulative('Cumprod'),
  'math.cumsum': cumulative('Cumsum'),
  'math.divide': binary('Divide'),
  'math.divide_no_nan': binary('DivideNoNan'),
  'math.equal': binary('Equal'),
  'math.erf': unary('Erf'),
  'math.exp': unary('Exp'),
  'math.expm1': unary('Expm1'),
  'math.floor': unary('Floor'),
  'math.floordiv': binary('FloorDivide'),
  'math.floormod': binary('Mod'),
  'math.greater': binary('Greater'),
  'math.greater_equal': binary('GreaterEqual'),
  'math.is_finite': unary('Isfinite'),
  'math.is_inf': unary('Isinf'),
  'math.is_nan': unary('Isnan'),
  'math.l2_normalize': own('x', l2Normalize),
  'math.less': binary('Less'),
  'math.less_equal': binary('LessEqual'),
  'math.log': unary('Log'),
  'math.log1p': unary('Log1p'),
  'math.log_sigmoid': unary('LogSigmoid'),
  'math.logical_and': binary('LogicalAnd'),
  'math.logical_not': unary('LogicalNot'),
  'math.logical_or': binary('LogicalOr'),
  'math.logical_xor': binary('LogicalXor'),
  'math.maximum': binary('Maximum'),
  'math.minimum': binary('Minimum'),
  'math.multiply': binary('Multiply'),
  'math.multiply_no_nan': own('x', (call, x) => {
    const { build } = call.call;
    const y = tensorOf(call, 'y');
    return build.where(build.equal(y, 0), 0, build.multiply(x, y));
  }),
  'math.negative': unary('Negative'),
  'math.not_equal': binary('NotEqual'),
  'math.pow': binary('Power'),
  'math.reciprocal': unary('Reciprocal'),
  'math.reduce_all': reduction('All'),
  'math.reduce_any': reduction('Any'),
  'math.reduce_logsumexp': reduction('Logsumexp'),
  'math.reduce_max': reduction('Max'),
  'math.reduce_mean': floatReduction('Mean'),
  'math.reduce_min': reduction('Min'),
  'math.reduce_prod': reduction('Prod'),
  'math.reduce_std': floatReduction('Std'),
  'math.reduce_sum': reduction('Sum'),
  'math.reduce_variance': floatReduction('Var'),
  'math.round': unary('Round'),
  'math.rsqrt': unary('Rsqrt'),
  'math.scalar_mul': as('Multiply', ['scalar', 'x']),
  'math.sigmoid': unary('Sigmoid'),
  'math.sign': unary('Sign'),
  'math.sin': unary('Sin'),
  'math.sinh': unary('Sinh'),
  'math.softplus': unary('Softplus', 'features'),
  'math.sqrt': unary('Sqrt'),
  'math.square': unary('Square'),
  'math.squared_difference': own('x', (call, x) =>
    call.call.build.square(call.call.build.subtract(x, tensorOf(call, 'y'))),
  ),
  'math.subtract': binary('Subtract'),
  'math.tan': unary('Tan'),
  'math.tanh': unary('Tanh'),
  'math.top_k': as('TopK', ['input'], { k: 'k' }),
  'math.truediv': binary('Divide'),
  'math.xdivy': own('x', (call, x) => {
    const { build } = call.call;
    return build.where(build.equal(x, 0), 0, build.divide(x, tensorOf(call, 'y')));
  }),
  norm: own('tensor', norm),
  sort: own('values', (call, x) => {
    const axis = numberOf(call, 'axis', -1);
    const sorted = single(operation(call, OPERATIONS, 'Sort', [asArgument(x)], { axis }));
    return plain(call, 'direction') === 'DESCENDING' ? call.call.build.flip(sorted, axis) : sorted;
  }),
  tensordot: as('Tensordot', ['a', 'b'], { axes: 'axes' }),
};
