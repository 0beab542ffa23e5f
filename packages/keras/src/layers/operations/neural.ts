import type { Builder } from '../../graph/builder.js';
import { axisOf, GraphError } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { activate } from '../activations.js';
import { type LayerCall, type LayerEntry, type Lowered, runs, UnsupportedError } from '../layer.js';
import { flag, integer, optionalNumber } from '../settings.js';
import { argument, axesSetting, floating, optionalTensor, setting, tensor, typed } from './arguments.js';
import { toType } from './types.js';

/** An activation, with the arguments of the operation. */
function activation(name: string): LayerEntry {
  return runs((call) => {
    const { value, type } = typed(call, 0, 'x');
    if (!type.includes('float')) {
      if (name === 'relu') return call.build.maximum(value, 0);
      if (name === 'relu6') return call.build.clip(value, 0, 6);
      if (name === 'leaky_relu')
        return activate(call.build, floating(call, value), { class_name: name, config: call.config });
      throw new UnsupportedError(`it takes numbers of type ${type}`);
    }
    return activate(call.build, value, { class_name: name, config: call.config });
  });
}

/** Softmax over one axis, several or all. */
function overAxes(work: (build: Builder, x: Value) => Value): LayerEntry {
  return runs((call) => {
    const { build } = call;
    const x = floating(call, tensor(call, 0, 'x'));
    const stated = 'axis' in call.config ? axesSetting(call) : [-1];
    const rank = x.shape.length;
    const axes = (stated ?? [...x.shape.keys()]).map((axis) => axisOf(axis, rank));
    const others = [...x.shape.keys()].filter((axis) => !axes.includes(axis));
    const order = [...others, ...axes];
    const moved = build.transpose(x, order);
    const flat = build.reshape(moved, [...others.map((axis) => x.shape[axis] ?? 1), -1]);
    const back = order.map((_, index) => order.indexOf(index));
    return build.transpose(build.reshape(work(build, flat), moved.shape), back);
  });
}

/** Source: `_dot_product_attention_xla` of `keras/src/backend/tensorflow/nn.py`. Shapes (batch, time, heads, features). */
function attention(call: LayerCall): Lowered {
  const { build } = call;
  const [query, given, givenValue] = ['query', 'key', 'value'].map((name, at) =>
    floating(call, tensor(call, at, name)),
  );
  if (query === undefined || given === undefined || givenValue === undefined)
    throw new GraphError('needs 3 inputs');
  if (flag(call, 'flash_attention', false))
    throw new UnsupportedError('it asks for flash attention, which TensorFlow lacks too');
  const [heads, own] = [query.shape[2], given.shape[2]];
  const times =
    typeof heads === 'number' && typeof own === 'number' && heads > own && own > 1
      ? Math.floor(heads / own)
      : 1;
  const [key, value] = [build.repeat(given, times, 2), build.repeat(givenValue, times, 2)];
  const expanded = (x: Value) =>
    own === 1 && heads !== 1 ? build.expand(x, x.shape.with(2, heads ?? 1)) : x;
  const width = build.cast(build.length(key.shape[3] ?? 1), 'float32');
  const stated = argument(call, 5, 'scale');
  const scale =
    stated === undefined ? build.reciprocal(build.sqrt(width)) : floating(call, tensor(call, 5, 'scale'));
  let logits = build.multiply(build.einsum('btnh,bsnh->bnts', query, expanded(key)), scale);
  const bias = optionalTensor(call, 3, 'bias');
  if (bias !== undefined) logits = build.add(logits, bias);
  const mask = optionalTensor(call, 4, 'mask');
  if (mask !== undefined) logits = build.where(mask, logits, LEAST);
  if (flag(call, 'is_causal', false)) {
    const [to = 1, from = 1] = logits.shape.slice(2);
    const order = build.subtract(
      build.expandDims(build.range(from), 0),
      build.expandDims(build.range(to), 1),
    );
    logits = build.where(build.compare('lessOrEqual', order, 0), logits, LEAST);
  }
  return build.einsum('bnts,bsnh->btnh', build.softmax(logits), expanded(value));
}

const LEAST = -0.7 * 3.38953e38;

function batchNorm(call: LayerCall): Lowered {
  const { build } = call;
  const x = floating(call, tensor(call, 0, 'x'));
  const rank = x.shape.length;
  const axis = axisOf(integer(call, 'axis'), rank);
  const spread = (value: Value) =>
    value.shape.length === 1 && axis !== rank - 1
      ? build.reshape(
          value,
          Array.from({ length: rank }, (_, index) => (index === axis ? (value.shape[0] ?? 1) : 1)),
        )
      : value;
  const part = (at: number, name: string) => {
    const value = optionalTensor(call, at, name);
    return value === undefined ? undefined : spread(floating(call, value));
  };
  const [mean, variance, offset, scale] = [
    part(1, 'mean'),
    part(2, 'variance'),
    part(3, 'offset'),
    part(4, 'scale'),
  ];
  if (mean === undefined || variance === undefined) throw new GraphError('needs a mean and a variance');
  const root = build.reciprocal(build.sqrt(build.add(variance, optionalNumber(call, 'epsilon') ?? 1e-3)));
  const factor = scale === undefined ? root : build.multiply(root, scale);
  const product = build.negative(build.multiply(mean, factor));
  return build.add(build.multiply(x, factor), offset === undefined ? product : build.add(offset, product));
}

function moments(call: LayerCall): Lowered {
  const { build } = call;
  const x = floating(call, tensor(call, 0, 'x'));
  const [axes, keepDims] = [axesSetting(call, 'axes'), flag(call, 'keepdims', false)];
  const mean = build.mean(x, axes, true);
  const variance = build.mean(build.square(build.subtract(x, mean)), axes, keepDims);
  return [build.mean(x, axes, keepDims), variance];
}

/** Source: `_normalize` of `keras/src/ops/nn.py`. */
function normalize(call: LayerCall): Lowered {
  const { build } = call;
  const given = floating(call, tensor(call, 0, 'x'));
  const x = given.shape.length === 0 ? build.expandDims(given, 0) : given;
  const axes = 'axis' in call.config ? axesSetting(call) : [-1];
  const order = integer(call, 'order', 2);
  const epsilon = optionalNumber(call, 'epsilon') ?? 1e-7;
  if (order === 2) {
    const inverse = build.reciprocal(build.sqrt(build.sum(build.square(x), axes, true)));
    return build.multiply(x, build.minimum(inverse, 1 / epsilon));
  }
  if ((axes?.length ?? x.shape.length) !== 1)
    throw new UnsupportedError(`it takes the norm of order ${order} of matrices`);
  const norm = build.power(build.sum(build.power(build.abs(x), order), axes, true), 1 / order);
  return build.divide(x, build.maximum(norm, epsilon));
}

/** A weight, in a shape that is broadcast along the normalized axes. Source: `_layer_normalization` of `keras/src/ops/nn.py`. */
function spreadOver(build: Builder, x: Value, weight: Value, axes: readonly number[]): Value {
  const rank = x.shape.length;
  if (weight.shape.length === rank || (axes.length === 1 && axes[0] === rank - 1)) return weight;
  return build.reshape(
    weight,
    x.shape.map((length, axis) => (axes.includes(axis) ? length : 1)),
  );
}

function layerNorm(call: LayerCall): Lowered {
  const { build } = call;
  const { value, type } = typed(call, 0, 'x');
  const x = floating(call, value);
  const axes = ((setting(call, 'axis') === undefined ? [-1] : axesSetting(call)) ?? []).map((axis) =>
    axisOf(axis, x.shape.length),
  );
  const epsilon = optionalNumber(call, 'epsilon') ?? 1e-7;
  const weight = (at: number, name: string) => {
    const given = optionalTensor(call, at, name);
    return given === undefined ? undefined : spreadOver(build, x, floating(call, given), axes);
  };
  const [gamma, beta] = [weight(1, 'gamma'), weight(2, 'beta')];
  const mean = build.mean(x, axes, true);
  const variance = build.mean(build.square(build.subtract(x, mean)), axes, true);
  const root = build.reciprocal(build.sqrt(build.add(variance, epsilon)));
  const factor = gamma === undefined ? root : build.multiply(root, gamma);
  if (flag(call, 'rms_scaling', false)) return toType(build, build.multiply(x, factor), type);
  const summand = build.negative(build.multiply(mean, factor));
  return toType(
    build,
    build.add(build.multiply(x, factor), beta === undefined ? summand : build.add(summand, beta)),
    type,
  );
}

function rmsNorm(call: LayerCall): Lowered {
  const { build } = call;
  const { value, type } = typed(call, 0, 'x');
  const x = floating(call, value.shape.length === 0 ? build.expandDims(value, 0) : value);
  const axes = setting(call, 'axis') === undefined ? [-1] : axesSetting(call);
  const epsilon = optionalNumber(call, 'epsilon') ?? 1e-7;
  const root = build.reciprocal(build.sqrt(build.add(build.mean(build.square(x), axes, true), epsilon)));
  const scale = optionalTensor(call, 1, 'scale');
  const normalized = build.multiply(x, root);
  return toType(build, scale === undefined ? normalized : build.multiply(normalized, scale), type);
}

export const NEURAL = {
  BatchNorm: runs(batchNorm),
  Celu: activation('celu'),
  DotProductAttention: runs(attention),
  Elu: activation('elu'),
  Gelu: runs((call) => call.build.gelu(tensor(call, 0, 'x'), flag(call, 'approximate', true))),
  Glu: activation('glu'),
  HardShrink: activation('hard_shrink'),
  HardSigmoid: activation('hard_sigmoid'),
  HardSilu: activation('hard_silu'),
  HardTanh: activation('hard_tanh'),
  LayerNorm: runs(layerNorm),
  LeakyRelu: activation('leaky_relu'),
  LogSigmoid: activation('log_sigmoid'),
  LogSoftmax: overAxes((build, x) => activate(build, x, 'log_softmax')),
  Moments: runs(moments),
  Normalize: runs(normalize),
  RMSNorm: runs(rmsNorm),
  Relu: activation('relu'),
  Relu6: activation('relu6'),
  Selu: activation('selu'),
  Sigmoid: activation('sigmoid'),
  Silu: activation('silu'),
  SoftShrink: activation('soft_shrink'),
  Softmax: overAxes((build, x) => build.softmax(x)),
  Softplus: activation('softplus'),
  Softsign: activation('softsign'),
  SparsePlus: activation('sparse_plus'),
  SparseSigmoid: activation('sparse_sigmoid'),
  Sparsemax: activation('sparsemax'),
  Squareplus: activation('squareplus'),
  TanhShrink: activation('tanh_shrink'),
  Threshold: activation('threshold'),
};
