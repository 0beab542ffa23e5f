import { isList, isObject } from '../config/json.js';
import type { LayerSpec, Settings } from '../config/model-spec.js';
import type { Builder } from '../graph/builder.js';
import { knownLength } from '../graph/shapes.js';
import type { Value } from '../graph/value.js';
import { type DeclareWeight, type LayerCall, type OldForm, UnsupportedError } from './layer.js';

/** How a layer keeps its kernel in fewer bits. */
export type Quantization =
  /** `inputs`: the range of integers to which the inputs are rounded too, for each example. */
  | { mode: 'int8'; inputs: QuantizedInputs | undefined }
  /** `block`: how many inputs share a scale, if not all do. */
  | { mode: 'int4'; inputs: QuantizedInputs | undefined; block: number | undefined }
  /** `history`: length of a weight that only training uses. */
  | { mode: 'float8'; history: number };

interface QuantizedInputs {
  low: number;
  high: number;
  epsilon: number;
}

/** The layers that can be run with quantized weights, and in which modes. */
const QUANTIZED: Readonly<Record<string, readonly string[]>> = {
  Dense: ['int8', 'int4', 'float8'],
  EinsumDense: ['int8', 'int4', 'float8'],
  Embedding: ['int8', 'int4'],
};

/** Why the quantization of a layer cannot be run; the end of a sentence. `undefined`: it can, or there is none. */
export function quantizationProblem({ className, settings }: LayerSpec): string | undefined {
  const mode = modeOf(settings['dtype']);
  if (mode === undefined || (QUANTIZED[className] ?? []).includes(mode)) return undefined;
  return `its weights are quantized (${mode}), which is not supported for this class. Save the model before quantize()`;
}

/** Source: `get_config` of the classes in `keras/src/dtype_policies`. */
function modeOf(policy: unknown): string | undefined {
  if (typeof policy === 'string') return /^(.+)_from_/u.exec(policy)?.[1]?.split('/')[0];
  if (!isObject(policy) || !isObject(policy['config'])) return undefined;
  const { mode, policy_map: map } = policy['config'];
  if (typeof mode === 'string') return mode.split('/')[0];
  return isObject(map)
    ? Object.values(map)
        .map(modeOf)
        .find((one) => one !== undefined)
    : undefined;
}

/** How the layer is quantized. `undefined`: not at all. */
export function quantizationOf({ dtype, quantization_config: stated }: Settings): Quantization | undefined {
  const mode = modeOf(dtype);
  const policy = isObject(dtype) && isObject(dtype['config']) ? dtype['config'] : {};
  const config = isObject(stated) && isObject(stated['config']) ? stated['config'] : undefined;
  switch (mode) {
    case 'int8':
      return {
        mode,
        inputs: config === undefined ? DEFAULT_INPUTS : inputsOf(config['activation_quantizer']),
      };
    case 'int4': {
      const text = typeof dtype === 'string' ? dtype : String(policy['mode']);
      const block = Number(/^int4\/(-?\d+)/u.exec(text)?.[1] ?? -1);
      return {
        mode,
        inputs: config === undefined ? undefined : inputsOf(config['activation_quantizer']),
        block: block > 0 ? block : undefined,
      };
    }
    case 'float8':
      return { mode, history: Number(policy['amax_history_length'] ?? 1024) };
    case undefined:
      return undefined;
    default:
      throw new UnsupportedError(`its weights are quantized (${mode}), which is not supported`);
  }
}

const DEFAULT_INPUTS: QuantizedInputs = { low: -127, high: 127, epsilon: 1e-7 };

function inputsOf(quantizer: unknown): QuantizedInputs | undefined {
  if (quantizer === null || quantizer === undefined) return undefined;
  if (!isObject(quantizer) || quantizer['class_name'] !== 'AbsMaxQuantizer' || !isObject(quantizer['config']))
    throw new UnsupportedError('its inputs are quantized by another class than AbsMaxQuantizer');
  const { value_range: range, epsilon } = quantizer['config'];
  const [low, high] = isList(range) ? range.map(Number) : [];
  return {
    ...DEFAULT_INPUTS,
    ...(low === undefined || high === undefined ? {} : { low, high }),
    ...(typeof epsilon === 'number' ? { epsilon } : {}),
  };
}

/**
 * Rounds inputs to integers, as if they were stored in 8 bits, and back.
 *
 * Source: `abs_max_quantize` of `keras/src/quantizers/quantizers.py`.
 *
 * @param axes Those that share a scale.
 */
function roundedInputs(
  build: Builder,
  x: Value,
  axes: readonly number[],
  { low, high, epsilon }: QuantizedInputs,
): Value {
  const greatest = build.max(build.abs(x), axes, true);
  const scale = build.divide(high, build.add(greatest, epsilon));
  return build.divide(build.clip(build.unary('round', build.multiply(x, scale)), low, high), scale);
}

/** A product of inputs and a kernel, plus a bias, in a layer that may be quantized. */
export interface Product {
  input: Value;
  /** Shape of the kernel before it was quantized. */
  kernel: readonly number[];
  bias: readonly number[] | undefined;
  /** The axes of the input and of the kernel over which the product sums. */
  summed: { input: readonly number[]; kernel: readonly number[] };
  /** Shape of the scale of an int8 kernel, which must fit the product. */
  scale: readonly number[];
  multiply: (input: Value, kernel: Value) => Value;
}

/**
 * Computes a product as Keras does with quantized weights. Both factors are brought back to floats first: the sum of
 * products of small integers is the same but for the rounding of 32-bit floats.
 *
 * Sources: `_int8_call`, `_int4_call` and `_float8_call` of `keras/src/layers/core/dense.py` and `einsum_dense.py`.
 */
export function quantizedProduct(call: LayerCall, product: Product, quantization: Quantization): Value {
  const { build, weights } = call;
  const { input, summed, bias: biasShape } = product;
  const withBias = (x: Value, bias: Value | undefined) => (bias === undefined ? x : build.add(x, bias));
  const declareBias = () => (biasShape === undefined ? undefined : weights('bias', biasShape));
  if (quantization.mode === 'float8') {
    const kernel = weights('kernel', product.kernel);
    const bias = declareBias();
    const [inputs, kernels] = ['inputs', 'kernel', 'outputs_grad'].map((name) => {
      const scale = weights(`${name}_scale`, []);
      weights(`${name}_amax_history`, [quantization.history]);
      return scale;
    });
    if (inputs === undefined || kernels === undefined) throw new Error('there are three scales');
    const y = product.multiply(
      roundedToFloat8(build, input, inputs),
      roundedToFloat8(build, kernel, kernels),
    );
    return withBias(y, bias === undefined ? undefined : build.unary('asBfloat16', bias));
  }
  const axes = summed.input;
  const x =
    quantization.inputs === undefined ? input : roundedInputs(build, input, axes, quantization.inputs);
  if (biasShape !== undefined) call.oldForms(biasFirst(biasShape));
  if (quantization.mode === 'int8') {
    const kernel = weights('kernel', product.kernel);
    const bias = declareBias();
    const scale = weights('kernel_scale', product.scale);
    return withBias(build.divide(product.multiply(x, kernel), scale), bias);
  }
  const rows = summed.kernel.reduce((length, axis) => length * (product.kernel[axis] ?? 1), 1);
  const columns = product.kernel.reduce((a, b) => a * b, 1) / rows;
  const packed = weights('kernel', [rows, Math.ceil(columns / 2)]);
  const bias = declareBias();
  const kernel = fromBlocks(build, unpacked(build, packed, columns), {
    name: 'kernel',
    axis: 0,
    weights,
    block: quantization.block,
  });
  return withBias(product.multiply(x, build.reshape(kernel, product.kernel)), bias);
}

/** HDF5 files keep the trainable weights first, and that is only the bias. */
function biasFirst(bias: readonly number[]): OldForm {
  return {
    shapes: ([kernel = [], , ...more]) => [bias, kernel, ...more],
    combine: (_, [first, kernel, ...more]) => [kernel, first, ...more].filter((value) => value !== undefined),
  };
}

/** The rows of an embedding that is kept in fewer bits. */
export function quantizedRows(
  { build, weights }: LayerCall,
  indices: Value,
  [rows, width]: readonly [number, number],
  quantization: Quantization,
): Value {
  if (quantization.mode === 'float8') throw new UnsupportedError('its weights are quantized (float8)');
  if (quantization.mode === 'int8') {
    const table = build.gather(weights('embeddings', [rows, width]), indices, 0);
    const scale = build.gather(weights('embeddings_scale', [rows]), indices, 0);
    return build.divide(table, build.expandDims(scale, -1));
  }
  const packed = weights('embeddings', [rows, Math.ceil(width / 2)]);
  const table = fromBlocks(build, unpacked(build, packed, width), {
    name: 'embeddings',
    axis: 1,
    weights,
    block: quantization.block,
  });
  return build.gather(table, indices, 0);
}

/**
 * Two integers of 4 bits from each of 8, the lower half first.
 *
 * Source: `unpack_int4` of `keras/src/quantizers/quantizers.py`.
 */
function unpacked(build: Builder, packed: Value, columns: number): Value {
  const high = build.unary('floor', build.divide(packed, 16));
  const low = build.subtract(packed, build.multiply(high, 16));
  const signed = build.subtract(low, build.multiply(build.unary('floor', build.divide(low, 8)), 16));
  const pairs = build.concat([build.expandDims(signed, -1), build.expandDims(high, -1)], -1);
  const rows = knownLength(packed.shape, 0, 'the rows');
  const flat = build.reshape(pairs, [rows, 2 * knownLength(packed.shape, 1, 'the columns')]);
  return build.slice(flat, [{ axis: 1, start: 0, end: columns }]);
}

/**
 * Floats from integers of 4 bits. Either each row or column along `axis` shares a scale, or each block of it does, and
 * then has an offset too.
 */
function fromBlocks(
  build: Builder,
  integers: Value,
  {
    name,
    axis,
    weights,
    block,
  }: { name: string; axis: 0 | 1; weights: DeclareWeight; block: number | undefined },
): Value {
  const other = knownLength(integers.shape, 1 - axis, 'the kernel');
  if (block === undefined) {
    const scale = weights(`${name}_scale`, [other]);
    return build.divide(integers, build.expandDims(scale, axis));
  }
  const length = knownLength(integers.shape, axis, 'the kernel');
  const blocks = Math.ceil(length / block);
  const shape = axis === 0 ? [blocks, other] : [other, blocks];
  const scale = weights(`${name}_scale`, shape);
  const zero = weights(`${name}_zero`, shape);
  const which = build.cast(weights('g_idx', [length]), 'int32');
  const spread = (values: Value) => build.gather(values, which, axis);
  return build.multiply(build.subtract(integers, spread(zero)), spread(scale));
}

/** Greatest number, least exponent and bits of the fraction of `float8_e4m3fn`. */
const FLOAT8 = { greatest: 448, exponent: -6, bits: 3 };

/**
 * The nearest number of 8 bits.
 *
 * Source: `quantize_and_dequantize` of `keras/src/quantizers/quantizers.py`.
 */
function roundedToFloat8(build: Builder, x: Value, scale: Value): Value {
  const scaled = build.clip(build.divide(x, scale), -FLOAT8.greatest, FLOAT8.greatest);
  // If the logarithm of a power of 2 is rounded to the wrong side, this number is a multiple of either step.
  const size = build.maximum(build.abs(scaled), 2 ** FLOAT8.exponent);
  const exponent = build.unary('floor', build.divide(build.log(size), Math.LN2));
  const step = build.power(2, build.subtract(exponent, FLOAT8.bits));
  return build.multiply(build.multiply(build.unary('round', build.divide(scaled, step)), step), scale);
}
