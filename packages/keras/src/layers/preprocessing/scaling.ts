import { axisOf, GraphError, knownLength } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { inputOf, type LayerCall, type Lowered, runs } from '../layer.js';
import { array, axes, flag } from '../settings.js';

/** x times `scale` plus `offset`, which may be one number or one for each channel. */
function rescaling(call: LayerCall): Lowered {
  const { build, config } = call;
  const x = build.cast(inputOf(call), 'float32');
  const operand = (key: string, otherwise: number) => {
    const { data, shape } = array(config[key] ?? otherwise, key);
    return build.constant(data, shape);
  };
  return build.add(build.multiply(x, operand('scale', 1)), operand('offset', 0));
}

/** What Keras adds to a deviation of 0: `backend.epsilon()`. */
const EPSILON = 1e-7;

/**
 * (x - mean) / max(deviation, epsilon). Mean and variance are in the configuration or are weights.
 *
 * Source: `keras/src/layers/preprocessing/normalization.py`.
 */
function normalization(call: LayerCall): Lowered {
  const { build, config, weights } = call;
  const x = build.cast(inputOf(call), 'float32');
  const rank = x.shape.length;
  const stated = config['axis'] === null ? [] : axes(call, 'axis', -1);
  const kept = stated.map((axis) => axisOf(axis, rank)).sort((a, b) => a - b);
  const [mean, variance] =
    (config['mean'] ?? undefined) === undefined ? adapted() : [fromConfig('mean'), fromConfig('variance')];
  const deviation = build.maximum(build.sqrt(variance), EPSILON);
  return flag(call, 'invert', false)
    ? build.add(mean, build.multiply(x, deviation))
    : build.divide(build.subtract(x, mean), deviation);

  function adapted(): [Value, Value] {
    const shape = kept.map((axis) => knownLength(x.shape, axis, 'a normalized dimension'));
    const values: [Value, Value] = [
      weights('mean', shape, { trainable: false }),
      weights('variance', shape, { trainable: false }),
    ];
    weights('count', [], { trainable: false });
    const spread = x.shape.map((_, axis) => (kept.includes(axis) ? (shape[kept.indexOf(axis)] ?? 1) : 1));
    return [build.reshape(values[0], spread), build.reshape(values[1], spread)];
  }

  /** Dimensions are aligned with the kept axes from the right. */
  function fromConfig(key: string): Value {
    const { data, shape } = array(config[key], key);
    const spread = Array<number>(rank).fill(1);
    if (shape.length === rank) return build.constant(data, shape);
    if (shape.length > kept.length)
      throw new GraphError(`its ${key} has ${shape.length} dimensions, but its axes are ${kept.length}`);
    for (const [index, length] of [...shape].reverse().entries()) spread[kept.at(-1 - index) ?? 0] = length;
    return build.constant(data, spread);
  }
}

export const SCALING = { Rescaling: runs(rescaling, 'pass'), Normalization: runs(normalization, 'pass') };
