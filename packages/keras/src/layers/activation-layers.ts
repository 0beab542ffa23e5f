import { isObject } from '../config/json.js';
import { GraphError, knownLength } from '../graph/shapes.js';
import { sameLength, type Value } from '../graph/value.js';
import { activate, relu } from './activations.js';
import { inputOf, type LayerCall, type Lowered, runs, tensorsIn, UnsupportedError } from './layer.js';
import { axes, number, optionalNumber } from './settings.js';

function reluLayer(call: LayerCall): Lowered {
  return relu(call.build, inputOf(call), {
    slope: number(call, 'negative_slope', 0),
    max: optionalNumber(call, 'max_value'),
    threshold: number(call, 'threshold', 0),
  });
}

/** A learned slope below zero. The slopes of shared axes have length 1. */
function prelu(call: LayerCall): Lowered {
  const { build, config, weights } = call;
  const x = inputOf(call);
  const shared = (config['shared_axes'] ?? undefined) === undefined ? [] : axes(call, 'shared_axes', []);
  const shape = x.shape
    .slice(1)
    .map((_, axis) => (shared.includes(axis + 1) ? 1 : knownLength(x.shape, axis + 1, 'the input')));
  const alpha = weights('alpha', shape);
  return build.subtract(build.relu(x), build.multiply(alpha, build.relu(build.negative(x))));
}

function softmaxLayer(call: LayerCall): Lowered {
  const { build } = call;
  const x = build.cast(inputOf(call), 'float32');
  const over = axes(call, 'axis', -1);
  const [stated] = tensorsIn(call.kwargs['mask'] ?? call.args[1]);
  const mask = stated?.value ?? passedMask(call, x);
  const counts = mask === undefined ? undefined : mask.dtype === 'bool' ? mask : build.greater(mask, 0.5);
  const masked = counts === undefined ? x : build.where(counts, x, -1e9);
  const [axis] = over;
  const exponentials = () => build.exp(build.subtract(masked, build.max(masked, over, true)));
  const shares = (values: Value) => build.divide(values, build.sum(values, over, true));
  const result =
    over.length === 1 && axis !== undefined ? build.softmax(masked, axis) : shares(exponentials());
  return counts === undefined ? result : build.where(counts, result, 0);
}

/**
 * Keras takes the mask of the input, and adds dimensions of length 1 before those of the mask. For a mask of shape
 * (batch, time), that fits only some numbers of examples. Before version 2.5, Keras took no mask.
 */
function passedMask({ masks: [mask], config }: LayerCall, { shape }: Value): Value | undefined {
  if (mask === undefined) return undefined;
  const offset = shape.length - mask.shape.length;
  const fits = mask.shape.every((length, axis) => length === 1 || sameLength(length, shape[axis + offset]));
  if (fits) return mask;
  if (config['ignores_other_masks'] === true) return undefined;
  throw new UnsupportedError('its input has a mask for each step, with which Keras fails');
}

function thresholded(call: LayerCall): Lowered {
  const { build } = call;
  const x = inputOf(call);
  return build.multiply(x, build.cast(build.greater(x, number(call, 'theta', 1)), 'float32'));
}

/** S-shaped, of four learned weights. Keras 1 had it. */
function srelu(call: LayerCall): Lowered {
  const { build, config, weights } = call;
  const x = inputOf(call);
  const shared = (config['shared_axes'] ?? undefined) === undefined ? [] : axes(call, 'shared_axes', []);
  const shape = x.shape
    .slice(1)
    .map((_, axis) => (shared.includes(axis + 1) ? 1 : knownLength(x.shape, axis + 1, 'the input')));
  const [tLeft, aLeft, tRight, aRight] = ['t_left', 'a_left', 't_right', 'a_right'].map((name) =>
    weights(name, shape),
  );
  if (tLeft === undefined || aLeft === undefined || tRight === undefined || aRight === undefined) {
    throw new GraphError('needs 4 weights');
  }
  // The file keeps the distance of the right threshold from the left one.
  const right = build.add(tLeft, build.abs(tRight));
  const left = build.where(build.less(x, tLeft), build.multiply(build.subtract(x, tLeft), aLeft), 0);
  const middle = build.minimum(build.maximum(x, tLeft), right);
  const above = build.where(build.greater(x, right), build.multiply(build.subtract(x, right), aRight), 0);
  return build.add(build.add(left, middle), above);
}

/** alpha × log(1 + e^(beta × x)), with a weight for each number. Keras 1 had it. */
function parametricSoftplus(call: LayerCall): Lowered {
  const { build, weights } = call;
  const x = inputOf(call);
  const shape = x.shape.slice(1).map((_, axis) => knownLength(x.shape, axis + 1, 'the input'));
  const [alpha, beta] = [weights('alpha', shape), weights('beta', shape)];
  return build.multiply(build.softplus(build.multiply(beta, x)), alpha);
}

export const ACTIVATION_LAYERS = {
  Activation: runs((call) => {
    const stated = call.config['activation'];
    // Keras 3 may state an activation layer as an activation.
    const name = isObject(stated) && stated['class_name'] === 'Activation' ? stated['config'] : stated;
    return activate(call.build, inputOf(call), name);
  }, 'pass'),
  ReLU: runs(reluLayer, 'pass'),
  LeakyReLU: runs((call) => call.build.leakyRelu(inputOf(call), number(call, 'negative_slope', 0.3)), 'pass'),
  ELU: runs((call) => call.build.elu(inputOf(call), number(call, 'alpha', 1)), 'pass'),
  PReLU: runs(prelu, 'pass'),
  Softmax: runs(softmaxLayer, 'pass'),
  ThresholdedReLU: runs(thresholded, 'pass'),
  SReLU: runs(srelu),
  ParametricSoftplus: runs(parametricSoftplus),
};
