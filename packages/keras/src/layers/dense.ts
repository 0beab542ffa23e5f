import type { Builder } from '../graph/builder.js';
import { knownLength } from '../graph/shapes.js';
import type { Value } from '../graph/value.js';
import { activate } from './activations.js';
import { inputOf, type LayerCall, type Lowered, runs } from './layer.js';
import { loraForms } from './lora.js';
import { type Product, quantizationOf, quantizedProduct, quantizedRows } from './quantization.js';
import { count, flag, optionalNumber, text } from './settings.js';

/** Input times a kernel of shape (inputs, units), plus bias. */
function dense(call: LayerCall): Lowered {
  const { build, config } = call;
  const input = inputOf(call);
  const units = count(call, 'units');
  const product = {
    input: atLeast2(build, input),
    kernel: [knownLength(input.shape, -1, 'the last dimension'), units],
    bias: flag(call, 'use_bias', true) ? [units] : undefined,
    summed: { input: [-1], kernel: [0] },
    scale: [units],
    multiply: (x: Value, kernel: Value) => build.matMul(x, kernel),
  };
  return activate(build, productOf(call, product), config['activation']);
}

/** A product of the input and a kernel, plus a bias. */
function productOf(call: LayerCall, product: Product): Value {
  const { build, config, weights } = call;
  const quantization = quantizationOf(config);
  if (quantization !== undefined) return quantizedProduct(call, product, quantization);
  const x = product.multiply(product.input, weights('kernel', product.kernel));
  call.oldForms(...loraForms(call));
  return product.bias === undefined ? x : build.add(x, weights('bias', product.bias));
}

function atLeast2(build: Builder, x: Value): Value {
  return x.shape.length === 1 ? build.expandDims(x, 0) : x;
}

function einsumDense(call: LayerCall): Lowered {
  const { build, config } = call;
  const input = inputOf(call);
  const { equation, kernel, bias } = einsumShapes(call, input);
  const [x = '', weight = '', y = ''] = equation.split(/,|->/u);
  const summed = (letters: string) =>
    Array.from(letters, (letter, axis) => (y.includes(letter) ? -1 : axis)).filter((axis) => axis >= 0);
  const product = {
    input,
    kernel,
    bias,
    summed: { input: summed(x), kernel: summed(weight) },
    scale: Array.from(y, (letter) => kernel[weight.indexOf(letter)] ?? 1),
    multiply: (inputs: Value, kernels: Value) => build.einsum(equation, inputs, kernels),
  };
  return activate(build, productOf(call, product), config['activation']);
}

/**
 * The equation with letters for the ellipsis, and the shapes of the weights.
 *
 * Source: `_analyze_einsum_string` of `keras/src/layers/core/einsum_dense.py`.
 */
function einsumShapes(
  call: Pick<LayerCall, 'config'>,
  { shape }: Value,
): { equation: string; kernel: number[]; bias: number[] | undefined } {
  const stated = text(call, 'equation').replaceAll(' ', '');
  const [left = '', result = ''] = stated.split('->');
  const [own = '', weight = ''] = left.split(',');
  const letters = own.replace('...', '');
  const extra = Array.from('zyxwvutsrq')
    .filter((letter) => !stated.includes(letter))
    .slice(0, shape.length - letters.length);
  const dots = extra.join('');
  const [x, y] = [own.replace('...', dots), result.replace('...', dots)];
  const outputs = listOf(call.config['output_shape']);
  // The stated shape has no batch, and only the last dimensions count if the equation has an ellipsis at the start.
  const lengths = new Map<string, number>();
  for (const [axis, letter] of Array.from(x).entries()) {
    const length = shape[axis];
    if (typeof length === 'number') lengths.set(letter, length);
  }
  const stating = y.slice(y.length - outputs.length);
  for (const [index, letter] of Array.from(stating).entries()) {
    const length = outputs[index];
    if (typeof length === 'number' && !x.includes(letter)) lengths.set(letter, length);
  }
  const lengthOf = (letter: string) => lengths.get(letter) ?? 1;
  const axes = typeof call.config['bias_axes'] === 'string' ? call.config['bias_axes'] : undefined;
  let bias: number[] | undefined;
  if (axes !== undefined) {
    const first = Math.min(...Array.from(axes).map((letter) => y.indexOf(letter)));
    bias = Array.from(y.slice(first)).map((letter) => (axes.includes(letter) ? lengthOf(letter) : 1));
  }
  return { equation: `${x},${weight}->${y}`, kernel: Array.from(weight).map(lengthOf), bias };
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

function embedding(call: LayerCall): Lowered {
  const { build, config, weights } = call;
  const input = inputOf(call);
  const shape = [count(call, 'input_dim'), count(call, 'output_dim')] as const;
  const quantization = quantizationOf(config);
  call.oldForms(...loraForms(call));
  const value =
    quantization === undefined
      ? build.gather(weights('embeddings', shape), input, 0)
      : quantizedRows(call, input, shape, quantization);
  if (!flag(call, 'mask_zero', false)) return value;
  return { values: [value], masks: [build.notEqual(input, 0)] };
}

/** The embedding's table, or its transpose to go back from the embeddings to logits. */
function reversibleEmbedding(call: LayerCall): Lowered {
  const { build, weights } = call;
  const input = inputOf(call);
  const [words, width] = [count(call, 'input_dim'), count(call, 'output_dim')];
  const table = weights('embeddings', [words, width]);
  const tied = flag(call, 'tie_weights', true);
  const back = tied ? build.transpose(table, [1, 0]) : weights('reverse_embeddings', [width, words]);
  const reverse = call.kwargs['reverse'] ?? call.args[1];
  if (reverse?.kind !== 'value' || reverse.value !== true) {
    const value = build.gather(table, input, 0);
    return flag(call, 'mask_zero', false) ? { values: [value], masks: [build.notEqual(input, 0)] } : value;
  }
  const logits = build.matMul(input, back);
  const cap = optionalNumber(call, 'logit_soft_cap');
  return cap === undefined ? logits : build.multiply(build.tanh(build.divide(logits, cap)), cap);
}

/** Marks steps whose numbers all equal `mask_value`, and sets them to 0. */
function masking(call: LayerCall): Lowered {
  const { build } = call;
  const input = inputOf(call);
  const maskValue = optionalNumber(call, 'mask_value') ?? 0;
  const mask = build.any(build.notEqual(input, maskValue), -1);
  const value = build.multiply(input, build.cast(build.expandDims(mask, -1), input.dtype));
  return { values: [value], masks: [mask] };
}

/** The greatest of several products of the input. Source: `keras/layers/core.py` of Keras 1.2. */
function maxoutDense(call: LayerCall): Lowered {
  const { build, weights } = call;
  const input = inputOf(call);
  const [features, units] = [count(call, 'nb_feature', 4), count(call, 'units')];
  const kernel = weights('W', [features, knownLength(input.shape, -1, 'the last dimension'), units]);
  const x = build.einsum('bi,fiu->bfu', input, kernel);
  return build.max(flag(call, 'use_bias', true) ? build.add(x, weights('b', [features, units])) : x, 1);
}

/** A mixture of the input and a product of it. Source: `keras/layers/core.py` of Keras 1.2. */
function highway(call: LayerCall): Lowered {
  const { build, config, weights } = call;
  const input = inputOf(call);
  const width = knownLength(input.shape, -1, 'the last dimension');
  const biased = flag(call, 'use_bias', true);
  const [kernel, carry] = [weights('W', [width, width]), weights('W_carry', [width, width])];
  const [bias, carryBias] = biased ? [weights('b', [width]), weights('b_carry', [width])] : [];
  // Before version 1.2, each bias came after its kernel.
  call.oldForms({
    shapes: ([first = [], second = [], ...biases]) =>
      biases.length === 0 ? [first, second] : [first, biases[0] ?? [], second, biases[1] ?? []],
    combine: (_, [first, second, third, fourth]) =>
      [first, third, second, fourth].filter((value) => value !== undefined),
  });
  const product = (by: Value, plus: Value | undefined) => {
    const x = build.matMul(input, by);
    return plus === undefined ? x : build.add(x, plus);
  };
  const share = build.sigmoid(product(carry, carryBias));
  const changed = activate(build, product(kernel, bias), config['activation']);
  return build.add(build.multiply(changed, share), build.multiply(input, build.subtract(1, share)));
}

export const DENSE = {
  Dense: runs(dense, 'pass'),
  EinsumDense: runs(einsumDense),
  Embedding: runs(embedding),
  ReversibleEmbedding: runs(reversibleEmbedding),
  Masking: runs(masking),
  MaxoutDense: runs(maxoutDense),
  Highway: runs(highway),
};
