import type { Builder } from '../../graph/builder.js';
import { axisOf, GraphError } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { type LayerCall, type Lowered, runs, UnsupportedError } from '../layer.js';
import { flag } from '../settings.js';
import { axesSetting, floating, setting, tensor } from './arguments.js';

/** Source: `norm` of `keras/src/backend/tensorflow/linalg.py`. */
function norm(call: LayerCall): Lowered {
  const { build } = call;
  const x = floating(call, tensor(call, 0, 'x'));
  const rank = x.shape.length;
  const axes = (axesSetting(call) ?? [...x.shape.keys()]).map((axis) => axisOf(axis, rank));
  const keepDims = flag(call, 'keepdims', false);
  const order = setting(call, 'ord');
  const [first, second] = axes;
  if (axes.length === 1) return vectorNorm(build, x, axes, order, keepDims);
  if (axes.length !== 2 || first === undefined || second === undefined)
    throw new GraphError('needs 1 or 2 axes');
  if (order === undefined || order === 'fro') return build.sqrt(build.sum(build.square(x), axes, keepDims));
  const [inner, outer] = order === 1 || order === -1 ? [first, second] : [second, first];
  if (order !== 1 && order !== -1 && order !== Infinity && order !== -Infinity) {
    throw new UnsupportedError(
      `it takes the norm ${JSON.stringify(order)} of matrices, which needs their singular values`,
    );
  }
  const sums = build.sum(build.abs(x), inner, true);
  const found = build.reduce(order > 0 ? 'max' : 'min', sums, outer, true);
  return keepDims ? found : build.squeeze(found, axes);
}

function vectorNorm(
  build: Builder,
  x: Value,
  axes: readonly number[],
  order: unknown,
  keepDims: boolean,
): Value {
  if (order === undefined || order === 2) return build.sqrt(build.sum(build.square(x), axes, keepDims));
  if (order === Infinity) return build.max(build.abs(x), axes, keepDims);
  if (order === -Infinity) return build.min(build.abs(x), axes, keepDims);
  if (order === 0) return build.sum(build.cast(build.notEqual(x, 0), 'float32'), axes, keepDims);
  if (typeof order !== 'number') throw new GraphError(`has the order ${JSON.stringify(order)}`);
  return build.power(build.sum(build.power(build.abs(x), order), axes, keepDims), 1 / order);
}

export const LINEAR_ALGEBRA = {
  Norm: runs(norm),
};
