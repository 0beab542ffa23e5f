import type { Builder } from '../graph/builder.js';
import { axisOf, GraphError, knownLength } from '../graph/shapes.js';
import type { Value } from '../graph/value.js';
import { inputOf, type LayerCall, type Lowered, runs, UnsupportedError } from './layer.js';
import { axes, count, flag, integer, number } from './settings.js';

/** 1 / sqrt(x + epsilon) */
function inverseRoot(build: Builder, x: Value, epsilon: number): Value {
  return build.reciprocal(build.sqrt(build.add(x, epsilon)));
}

/** Shape that has the lengths of a weight at its axes, and 1 elsewhere. */
function spread(build: Builder, weight: Value, rank: number, at: readonly number[]): Value {
  if (at.length === 1 && at[0] === rank - 1) return weight;
  let next = 0;
  return build.reshape(
    weight,
    Array.from({ length: rank }, (_, axis) => (at.includes(axis) ? (weight.shape[next++] ?? 1) : 1)),
  );
}

/** (x - mean) / sqrt(variance + epsilon) × gamma + beta, as one factor and one summand that are known in advance. */
function batchNormalization(call: LayerCall): Lowered {
  const { build, weights } = call;
  const input = inputOf(call);
  const rank = input.shape.length;
  const [stated = -1, ...more] = axes(call, 'axis', -1);
  if (more.length > 0) throw new UnsupportedError('it has several axes');
  const axis = axisOf(stated, rank);
  const shape = [knownLength(input.shape, axis, 'the normalized dimension')];
  const gamma = flag(call, 'scale', true) ? weights('gamma', shape) : undefined;
  const beta = flag(call, 'center', true) ? weights('beta', shape) : undefined;
  const mean = weights('moving_mean', shape, { trainable: false });
  const variance = weights('moving_variance', shape, { trainable: false });
  if (flag(call, 'renorm', false)) {
    // They are only used in training, but the file has them.
    for (const name of ['moving_stddev', 'renorm_mean', 'renorm_stddev'])
      weights(name, shape, { trainable: false });
  }
  const inverse = inverseRoot(build, variance, number(call, 'epsilon', 1e-3));
  const factor = gamma === undefined ? inverse : build.multiply(gamma, inverse);
  const product = build.multiply(mean, factor);
  const summand = beta === undefined ? build.negative(product) : build.subtract(beta, product);
  return build.add(
    build.multiply(input, spread(build, factor, rank, [axis])),
    spread(build, summand, rank, [axis]),
  );
}

function layerNormalization(call: LayerCall): Lowered {
  const { build, weights } = call;
  const input = inputOf(call);
  const rank = input.shape.length;
  const over = axes(call, 'axis', -1)
    .map((axis) => axisOf(axis, rank))
    .sort((a, b) => a - b);
  const shape = over.map((axis) => knownLength(input.shape, axis, 'the normalized dimension'));
  const rms = flag(call, 'rms_scaling', false);
  const gamma = flag(call, 'scale', true) || rms ? weights('gamma', shape) : undefined;
  const beta = flag(call, 'center', true) && !rms ? weights('beta', shape) : undefined;
  const epsilon = number(call, 'epsilon', 1e-3);
  const first = over[0] ?? 0;
  if (!rms && over.every((axis, index) => axis === first + index) && over.at(-1) === rank - 1) {
    const scale = gamma ?? build.constant(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);
    return build.layerNormalization(input, scale, beta, first, epsilon);
  }
  const x = build.cast(input, 'float32');
  const mean = build.mean(x, over, true);
  const variance = build.mean(build.square(build.subtract(x, mean)), over, true);
  const inverse = inverseRoot(build, variance, epsilon);
  const normalized = build.multiply(rms ? x : build.subtract(x, mean), inverse);
  const scaled =
    gamma === undefined ? normalized : build.multiply(normalized, spread(build, gamma, rank, over));
  return beta === undefined ? scaled : build.add(scaled, spread(build, beta, rank, over));
}

function groupNormalization(call: LayerCall): Lowered {
  const { build, weights } = call;
  const input = build.cast(inputOf(call), 'float32');
  const rank = input.shape.length;
  const axis = axisOf(integer(call, 'axis', -1), rank);
  const channels = knownLength(input.shape, axis, 'the channels');
  const stated = integer(call, 'groups', 32);
  const groups = stated === -1 ? channels : count(call, 'groups', 32);
  if (channels % groups !== 0)
    throw new GraphError(`${channels} channels cannot be divided into ${groups} groups`);
  const gamma = flag(call, 'scale', true) ? weights('gamma', [channels]) : undefined;
  const beta = flag(call, 'center', true) ? weights('beta', [channels]) : undefined;
  const split = [...input.shape.slice(0, axis), groups, channels / groups, ...input.shape.slice(axis + 1)];
  const x = build.reshape(input, split);
  const over = split.map((_, index) => index).filter((index) => index !== 0 && index !== axis);
  const mean = build.mean(x, over, true);
  const variance = build.mean(build.square(build.subtract(x, mean)), over, true);
  const normalized = build.multiply(
    build.subtract(x, mean),
    inverseRoot(build, variance, number(call, 'epsilon', 1e-3)),
  );
  const joined = build.reshape(normalized, input.shape);
  const scaled = gamma === undefined ? joined : build.multiply(joined, spread(build, gamma, rank, [axis]));
  return beta === undefined ? scaled : build.add(scaled, spread(build, beta, rank, [axis]));
}

function rmsNormalize(build: Builder, input: Value, over: readonly number[], epsilon: number): Value {
  const x = build.cast(input, 'float32');
  return build.multiply(x, inverseRoot(build, build.mean(build.square(x), over, true), epsilon));
}

function rmsNormalization(call: LayerCall): Lowered {
  const { build, weights } = call;
  const input = inputOf(call);
  const rank = input.shape.length;
  const over = axes(call, 'axis', -1)
    .map((axis) => axisOf(axis, rank))
    .sort((a, b) => a - b);
  const scale = weights(
    'scale',
    over.map((axis) => knownLength(input.shape, axis, 'the normalized dimension')),
  );
  return build.multiply(
    rmsNormalize(build, input, over, number(call, 'epsilon', 1e-6)),
    spread(build, scale, rank, over),
  );
}

/** x / max(norm, 1e-12) */
function unitNormalization(call: LayerCall): Lowered {
  const { build } = call;
  const x = build.cast(inputOf(call), 'float32');
  const norm = build.sqrt(build.maximum(build.sum(build.square(x), axes(call, 'axis', -1), true), 1e-24));
  return build.divide(x, norm);
}

/** Changes the kernel of the layer inside it in training only. */
function spectralNormalization(call: LayerCall): Lowered {
  const { weights, wrapped } = call;
  const [layer] = wrapped['layer'] ?? [];
  if (layer === undefined) throw new GraphError('it has no layer inside');
  const [mask] = call.masks;
  const outputs = call.call(layer, 'layer', [{ value: inputOf(call), mask }]);
  const filters = Number(
    layer.settings['filters'] ?? layer.settings['units'] ?? layer.settings['output_dim'] ?? 0,
  );
  weights('vector_u', [1, filters], { trainable: false });
  return outputs.map(({ value }) => value);
}

/** Times a weight for each channel, as in ConvNeXt. */
function layerScale(call: LayerCall): Lowered {
  const channels = count(call, 'projection_dim');
  return call.build.multiply(inputOf(call), call.weights('gamma', [channels]));
}

/** The first input plus the second times a number, as in InceptionResNetV2. */
function customScale(call: LayerCall): Lowered {
  const [a, b] = call.inputs;
  if (a === undefined || b === undefined) throw new GraphError('needs 2 inputs');
  return call.build.add(a, call.build.multiply(b, number(call, 'scale', 1)));
}

export const NORMALIZATION = {
  BatchNormalization: runs(batchNormalization, 'pass'),
  LayerNormalization: runs(layerNormalization, 'pass'),
  GroupNormalization: runs(groupNormalization, 'pass'),
  RMSNormalization: runs(rmsNormalization),
  UnitNormalization: runs(unitNormalization, 'pass'),
  SpectralNormalization: runs(spectralNormalization),
  LayerScale: runs(layerScale),
  CustomScaleLayer: runs(customScale),
};
