import { isObject } from '../config/json.js';
import type { Builder } from '../graph/builder.js';
import type { RecurrentActivation } from '../graph/operations.js';
import type { Value } from '../graph/value.js';
import { UnsupportedError } from './layer.js';
import { number, optionalNumber } from './settings.js';

/** An activation with its arguments. */
interface Activation {
  name: string;
  config: Readonly<Record<string, unknown>>;
}

const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

type Apply = (build: Builder, x: Value, activation: Activation) => Value;

/** The functions of `keras.activations`. */
const ACTIVATIONS: Readonly<Record<string, Apply>> = {
  linear: (_, x) => x,
  relu: (build, x, activation) =>
    relu(build, x, {
      slope: number(activation, 'negative_slope', number(activation, 'alpha', 0)),
      max: optionalNumber(activation, 'max_value'),
      threshold: number(activation, 'threshold', 0),
    }),
  relu6: (build, x) => build.clip(x, 0, 6),
  leaky_relu: (build, x, activation) =>
    build.leakyRelu(x, number(activation, 'negative_slope', number(activation, 'alpha', 0.2))),
  elu: (build, x, activation) => build.elu(x, number(activation, 'alpha', 1)),
  selu: (build, x) => build.multiply(build.elu(x, SELU_ALPHA), SELU_SCALE),
  celu: (build, x, activation) => celu(build, x, number(activation, 'alpha', 1)),
  gelu: (build, x, activation) => build.gelu(x, activation.config['approximate'] === true),
  glu: (build, x, activation) => {
    const axis = number(activation, 'axis', -1);
    const half = Number(x.shape.at(axis)) / 2;
    const [a, b] = [build.slice(x, [{ axis, end: half }]), build.slice(x, [{ axis, start: half }])];
    return build.multiply(a, build.sigmoid(b));
  },
  sigmoid: (build, x) => build.sigmoid(x),
  log_sigmoid: (build, x) => build.negative(build.softplus(build.negative(x))),
  sparse_sigmoid: (build, x) => build.clip(build.multiply(build.add(x, 1), 0.5), 0, 1),
  hard_sigmoid: (build, x) => build.clip(build.add(build.multiply(x, 1 / 6), 0.5), 0, 1),
  hard_sigmoid_keras2: (build, x) => build.clip(build.add(build.multiply(x, 0.2), 0.5), 0, 1),
  hard_silu: (build, x) => build.multiply(x, build.clip(build.add(build.multiply(x, 1 / 6), 0.5), 0, 1)),
  hard_tanh: (build, x) => build.clip(x, -1, 1),
  hard_shrink: (build, x, activation) => {
    const threshold = number(activation, 'threshold', 0.5);
    return build.where(build.greater(build.abs(x), threshold), x, 0);
  },
  soft_shrink: (build, x, activation) => {
    const threshold = number(activation, 'threshold', 0.5);
    return build.subtract(x, build.clip(x, -threshold, threshold));
  },
  tanh_shrink: (build, x) => build.subtract(x, build.tanh(x)),
  squareplus: (build, x, activation) =>
    build.multiply(build.add(x, build.sqrt(build.add(build.square(x), number(activation, 'b', 4)))), 0.5),
  sparse_plus: (build, x) =>
    build.where(
      build.less(x, -1),
      0,
      build.where(build.less(x, 1), build.multiply(build.square(build.add(x, 1)), 0.25), x),
    ),
  silu: (build, x) => build.multiply(x, build.sigmoid(x)),
  mish: (build, x) => build.multiply(x, build.tanh(build.softplus(x))),
  tanh: (build, x) => build.tanh(x),
  softplus: (build, x) => build.softplus(x),
  softsign: (build, x) => build.divide(x, build.add(build.abs(x), 1)),
  exponential: (build, x) => build.exp(x),
  threshold: (build, x, activation) => {
    const limit = number(activation, 'threshold', number(activation, 'threshold_value', 0));
    return build.where(
      build.greater(x, limit),
      x,
      number(activation, 'default_value', number(activation, 'value', 0)),
    );
  },
  softmax: (build, x, activation) => build.softmax(x, number(activation, 'axis', -1)),
  log_softmax: (build, x, activation) => logSoftmax(build, x, number(activation, 'axis', -1)),
  sparsemax: (build, x, activation) => sparsemax(build, x, number(activation, 'axis', -1)),
};

/** Other names under which files state them. */
const ALIASES: Readonly<Record<string, string>> = {
  hard_swish: 'hard_silu',
  log_soft_max: 'log_softmax',
  sparse_sig_moid: 'sparse_sigmoid',
  swish: 'silu',
  soft_sign: 'softsign',
  soft_plus: 'softplus',
  soft_max: 'softmax',
  re_l_u: 'relu',
};

/**
 * Applies an activation as a configuration states it: by name, or as an object with arguments. Nothing is linear.
 *
 * @throws {UnsupportedError} When the name is none of Keras's.
 */
export function activate(build: Builder, x: Value, stated: unknown): Value {
  const activation = activationOf(stated);
  const apply = ACTIVATIONS[activation.name];
  if (apply === undefined || !Object.hasOwn(ACTIVATIONS, activation.name)) {
    throw new UnsupportedError(`its activation ${activation.name} is not one of Keras's`);
  }
  return apply(build, x, activation);
}

/** The activation of a recurrent operation, if there is one. */
export function recurrentActivation(stated: unknown): RecurrentActivation | undefined {
  const { name, config } = activationOf(stated);
  if (Object.keys(config).some((key) => key !== 'name' && key !== 'dtype' && key !== 'trainable'))
    return undefined;
  switch (name) {
    case 'tanh':
    case 'sigmoid':
    case 'relu':
    case 'linear':
    case 'softsign':
    case 'softplus':
      return { fn: name };
    case 'hard_sigmoid':
      return { fn: 'hardSigmoid', alpha: 1 / 6, beta: 0.5 };
    case 'hard_sigmoid_keras2':
      return { fn: 'hardSigmoid', alpha: 0.2, beta: 0.5 };
    default:
      return undefined;
  }
}

function activationOf(stated: unknown): Activation {
  if (stated === undefined || stated === null) return { name: 'linear', config: {} };
  if (typeof stated === 'string') return { name: canonical(stated), config: {} };
  if (isObject(stated)) {
    const { class_name: className, config } = stated;
    // A function is stated as {class_name: 'function', config: its name}.
    if (typeof config === 'string') return { name: canonical(config), config: {} };
    if (typeof className === 'string')
      return { name: canonical(className), config: isObject(config) ? config : {} };
  }
  throw new UnsupportedError(`its activation ${JSON.stringify(stated)} cannot be read`);
}

/** `HardSiLU`, `hard_silu` and `keras.activations.hard_silu` are the same. */
function canonical(name: string): string {
  const own = name.split(/[.>]/u).at(-1) ?? name;
  if (Object.hasOwn(ACTIVATIONS, own)) return own;
  const lower = own.toLowerCase();
  const found = Object.keys(ACTIVATIONS).find(
    (known) => known.replaceAll('_', '') === lower.replaceAll('_', ''),
  );
  return found ?? ALIASES[lower] ?? own;
}

export function relu(
  build: Builder,
  x: Value,
  { slope, max, threshold }: { slope: number; max: number | undefined; threshold: number },
): Value {
  if (threshold === 0 && slope === 0) return max === undefined ? build.relu(x) : build.clip(x, 0, max);
  if (threshold === 0) {
    const leaky = build.leakyRelu(x, slope);
    return max === undefined ? leaky : build.minimum(leaky, max);
  }
  const below = slope === 0 ? 0 : build.multiply(build.subtract(x, threshold), slope);
  const result = build.where(build.compare('greaterOrEqual', x, threshold), x, below);
  return max === undefined ? result : build.minimum(result, max);
}

function celu(build: Builder, x: Value, alpha: number): Value {
  const negative = build.multiply(
    build.subtract(build.exp(build.multiply(build.minimum(x, 0), 1 / alpha)), 1),
    alpha,
  );
  return build.add(build.maximum(x, 0), negative);
}

function logSumExp(
  build: Builder,
  x: Value,
  axes: readonly number[] | number | undefined,
  keepDims: boolean,
): Value {
  const greatest = build.max(x, axes, true);
  const sum = build.log(build.sum(build.exp(build.subtract(x, greatest)), axes, true));
  const result = build.add(sum, greatest);
  if (keepDims) return result;
  return build.squeeze(result, axes ?? x.shape.map((_, axis) => axis));
}

function logSoftmax(build: Builder, x: Value, axis: number): Value {
  return build.subtract(x, logSumExp(build, x, axis, true));
}

/**
 * Source: `sparsemax` of `keras/src/backend/tensorflow/nn.py`. It adds the cumulated sums of the whole support, where
 * Martins and Astudillo, "From Softmax to Sparsemax", 2016, take the last one only.
 */
function sparsemax(build: Builder, x: Value, axis: number): Value {
  const rank = x.shape.length;
  const at = axis < 0 ? axis + rank : axis;
  const last = Array.from({ length: rank }, (_, index) => index).filter((index) => index !== at);
  const permutation = [...last, at];
  const z = build.transpose(x, permutation);
  const length = z.shape.at(-1) ?? 1;
  const [sorted] = build.topK(z, length);
  const sums = build.cumulativeSum(sorted, -1);
  const k = build.cast(build.add(build.range(length), 1), 'float32');
  const support = build.greater(build.subtract(sorted, build.divide(build.subtract(sums, 1), k)), 0);
  const size = build.sum(build.cast(support, 'float32'), -1, true);
  const total = build.sum(build.where(support, sums, 0), -1, true);
  const tau = build.divide(build.subtract(total, 1), size);
  const result = build.relu(build.subtract(z, tau));
  const back = permutation.map((_, index) => permutation.indexOf(index));
  return build.transpose(result, back);
}
