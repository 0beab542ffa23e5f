import { axisOf, knownLength } from '../../../graph/shapes.js';
import type { Dimension, Value } from '../../../graph/value.js';
import { type Lowered, UnsupportedError } from '../../layer.js';
import { unstacked } from '../joining.js';
import { castTo } from '../types.js';
import { joinedLengths, lengthOf, lengthsAsTensor, shapeArgument } from './lengths.js';
import { as, listOf, numberOf, numbersOf, OPERATIONS, own, tensorOf, typeName, unary } from './parameters.js';
import { asArgument, type FunctionCall, type FunctionEntry, given, operation, plain } from './rewrite.js';
import { sliced } from './slicing.js';

function cast(call: FunctionCall, x: Value): Lowered {
  const dtype = typeName(plain(call, 'dtype'));
  if (typeof dtype === 'string' && /^(u?int(8|16)|uint\d+)$/u.test(dtype)) {
    throw new UnsupportedError(`it converts to ${dtype}, in which numbers may overflow`);
  }
  return castTo(call.call.build, x, dtype);
}

function gather(call: FunctionCall, x: Value): Lowered {
  const { build } = call.call;
  const indices = tensorOf(call, 'indices');
  const batch = numberOf(call, 'batch_dims', 0);
  const axis = axisOf(numberOf(call, 'axis', batch), x.shape.length);
  if (batch === 0) return build.gather(x, indices, axis);
  throw new UnsupportedError('it takes positions of its own in each example (batch_dims)');
}

/** So many equal parts, or parts of given lengths. */
function split(call: FunctionCall, x: Value): Lowered {
  const { build } = call.call;
  const axis = axisOf(numberOf(call, 'axis', 0), x.shape.length);
  const stated = plain(call, 'num_or_size_splits');
  const length = x.shape[axis];
  if (typeof stated === 'number') {
    const whole = knownLength(x.shape, axis, 'the divided dimension');
    return build.split(x, Array<number>(stated).fill(whole / stated), axis);
  }
  const sizes = numbersOf(call, 'num_or_size_splits');
  const known = sizes.reduce((sum, size) => sum + Math.max(size, 0), 0);
  if (sizes.includes(-1) && typeof length !== 'number')
    throw new UnsupportedError('it divides a length that is only known when the model runs');
  return build.split(
    x,
    sizes.map((size) => (size === -1 ? Number(length) - known : size)),
    axis,
  );
}

function tile(call: FunctionCall, x: Value): Lowered {
  const { build } = call.call;
  const counts = shapeArgument(given(call, 'multiples'));
  // A dimension of length 1 may be repeated as often as another one is long.
  const wide = build.expand(
    x,
    x.shape.map((length, axis) => (length === 1 && typeof counts[axis] === 'object' ? counts[axis] : length)),
  );
  return build.tile(
    wide,
    counts.map((count, axis) => {
      if (typeof count === 'number') return count;
      if (x.shape[axis] === 1) return 1;
      throw new UnsupportedError('it repeats a dimension as often as is only known when the model runs');
    }),
  );
}

function strided(call: FunctionCall, x: Value): Lowered {
  const { build } = call.call;
  const begin = numbersOf(call, 'begin');
  const size = shapeArgument(given(call, 'size'));
  return build.slice(
    x,
    begin.flatMap((start, axis) => {
      const length = size[axis] ?? -1;
      if (length === -1 || (start === 0 && typeof length === 'object')) return [{ axis, start }];
      if (typeof length === 'number') return [{ axis, start, end: start + length }];
      throw new UnsupportedError('its size is only known when the model runs');
    }),
  );
}

function full(call: FunctionCall, shape: readonly Dimension[], value: Value): Value {
  return call.call.build.expand(value, shape);
}

function constantOf(value: number): FunctionEntry {
  return {
    first: 'shape',
    run: (call) => {
      const { build } = call.call;
      const number = castTo(build, build.scalar(value), typeName(plain(call, 'dtype') ?? 'float32'));
      return full(call, shapeArgument(given(call, 'shape')), number);
    },
  };
}

/** Numbers from 0 below a length, or from constants. */
function range(call: FunctionCall): Lowered {
  const { build } = call.call;
  const [start, limit] = [given(call, 'start'), given(call, 'limit')];
  const delta = numberOf(call, 'delta', 1);
  const [first, end] = [
    limit === undefined ? 0 : lengthOf(start ?? { kind: 'value', value: 0 }),
    lengthOf(limit ?? start ?? { kind: 'value', value: 0 }),
  ];
  const dtype = typeName(plain(call, 'dtype'));
  if (typeof end === 'number' && typeof first === 'number') {
    const numbers = Array.from(
      { length: Math.max(0, Math.ceil((end - first) / delta)) },
      (_, index) => first + index * delta,
    );
    const whole = Number.isInteger(first) && Number.isInteger(delta);
    return castTo(
      build,
      build.constant(numbers, [numbers.length], whole ? 'int32' : 'float32'),
      dtype ?? (whole ? 'int32' : 'float32'),
    );
  }
  if (first !== 0 || delta !== 1)
    throw new UnsupportedError('it counts to a number that is only known when the model runs');
  return castTo(build, build.range(end), dtype ?? 'int32');
}

export const ARRAYS: Readonly<Record<string, FunctionEntry>> = {
  '__operators__.getitem': own('tensor', (call, x) => sliced(call.call, x, given(call, 'slice_spec'))),
  broadcast_to: own('input', (call, x) => call.call.build.expand(x, shapeArgument(given(call, 'shape')))),
  cast: own('x', cast),
  concat: {
    first: 'values',
    run: (call) => {
      const list = listOf(call, 'values');
      const lengths = list.kind === 'list' ? joinedLengths(list.items) : undefined;
      if (lengths !== undefined) return lengthsAsTensor(call.call.build, lengths);
      return operation(call, OPERATIONS, 'Concatenate', [list], { axis: numberOf(call, 'axis', 0) });
    },
  },
  convert_to_tensor: own('value', (call, x) => {
    const dtype = typeName(plain(call, 'dtype'));
    return dtype === undefined ? x : castTo(call.call.build, x, dtype);
  }),
  expand_dims: as('ExpandDims', ['input'], { axis: ['axis', 'dim'] }),
  fill: {
    first: 'dims',
    run: (call) => full(call, shapeArgument(given(call, 'dims')), tensorOf(call, 'value')),
  },
  gather: own('params', gather),
  identity: unary('Copy', 'input'),
  one_hot: own('indices', (call, x) => {
    const { build } = call.call;
    const hot = build.oneHot(x, numberOf(call, 'depth', 1), numberOf(call, 'axis', -1));
    const [on, off] = [numberOf(call, 'on_value', 1), numberOf(call, 'off_value', 0)];
    const scaled = on === 1 && off === 0 ? hot : build.where(build.cast(hot, 'bool'), on, off);
    return castTo(build, scaled, typeName(plain(call, 'dtype') ?? 'float32'));
  }),
  ones: constantOf(1),
  ones_like: as('OnesLike', ['input'], { dtype: 'dtype' }),
  pad: own('tensor', (call, x) => {
    const mode = plain(call, 'mode') ?? 'CONSTANT';
    const filling = given(call, 'constant_values');
    return operation(
      call,
      OPERATIONS,
      'Pad',
      [asArgument(x), ...(filling === undefined || mode !== 'CONSTANT' ? [] : [filling])],
      {
        pad_width: plain(call, 'paddings'),
        mode,
      },
    );
  }),
  range: { first: 'start', run: range },
  repeat: own('input', (call, x) =>
    operation(call, OPERATIONS, 'Repeat', [asArgument(x)], {
      repeats: plain(call, 'repeats'),
      axis: plain(call, 'axis'),
    }),
  ),
  reshape: own('tensor', (call, x) => call.call.build.reshape(x, shapeArgument(given(call, 'shape')))),
  reverse: own('tensor', (call, x) => call.call.build.flip(x, numbersOf(call, 'axis'))),
  roll: as('Roll', ['input'], { shift: 'shift', axis: 'axis' }),
  shape: own('input', (call, x) => {
    const lengths = lengthsAsTensor(call.call.build, x.shape);
    return plain(call, 'out_type') === 'int64' ? call.call.build.cast(lengths, 'int64') : lengths;
  }),
  slice: own('input_', strided),
  split: own('value', split),
  squeeze: as('Squeeze', ['input'], { axis: ['axis', 'squeeze_dims'] }),
  stack: {
    first: 'values',
    run: (call) => {
      const list = listOf(call, 'values');
      const lengths = list.kind === 'list' ? joinedLengths(list.items) : undefined;
      if (lengths !== undefined) return lengthsAsTensor(call.call.build, lengths);
      return operation(call, OPERATIONS, 'Stack', [list], { axis: numberOf(call, 'axis', 0) });
    },
  },
  stop_gradient: unary('StopGradient', 'input'),
  tile: own('input', tile),
  transpose: as('Transpose', ['a'], { axes: 'perm' }),
  unstack: own('value', (call, x) => unstacked(call.call.build, x, numberOf(call, 'axis', 0))),
  where: as('Where', ['condition', 'x', 'y']),
  zeros: constantOf(0),
  zeros_like: as('ZerosLike', ['input'], { dtype: 'dtype' }),
};
