import { isList } from '../../config/json.js';
import type { Value } from '../../graph/value.js';
import { inputOf, type LayerCall, type Lowered, runs, tensorsIn, UnsupportedError } from '../layer.js';
import { dtypeOf } from '../lower-model.js';
import { array, choice, count, flag, integer } from '../settings.js';

type OutputMode = 'int' | 'one_hot' | 'multi_hot' | 'count';

/**
 * Encodes indices. Source: `encode_categorical_inputs` of `keras/src/utils/numerical_utils.py`.
 *
 * @param depth Number of classes.
 */
function encode(call: LayerCall, indices: Value, mode: OutputMode, depth: number, weights?: Value): Value {
  const { build } = call;
  const rank = indices.shape.length;
  switch (mode) {
    case 'int':
      return indices;
    case 'one_hot': {
      const narrow = rank > 1 && indices.shape.at(-1) === 1 ? build.squeeze(indices, rank - 1) : indices;
      return build.oneHot(narrow, depth);
    }
    case 'multi_hot':
      return build.max(build.oneHot(indices, depth), rank > 1 ? rank - 1 : 0);
    case 'count': {
      const ones = build.oneHot(indices, depth);
      const weighted = weights === undefined ? ones : build.multiply(ones, build.expandDims(weights, -1));
      return build.sum(weighted, rank > 1 ? 1 : 0);
    }
  }
}

function categoryEncoding(call: LayerCall): Lowered {
  const mode = choice(call, 'output_mode', ['multi_hot', 'one_hot', 'count'], 'multi_hot');
  const [indices] = call.inputs;
  const [weights] = tensorsIn(call.kwargs['count_weights'] ?? call.args[1]);
  if (indices === undefined) throw new UnsupportedError('it has no input');
  return encode(call, call.build.cast(indices, 'int32'), mode, count(call, 'num_tokens'), weights?.value);
}

/** Index of the bin: how many boundaries are not above the number. */
function discretization(call: LayerCall): Lowered {
  const { build, config } = call;
  const x = build.cast(inputOf(call), 'float32');
  if (!isList(config['bin_boundaries']))
    throw new UnsupportedError('the file does not state its bin_boundaries');
  const { data } = array(config['bin_boundaries'], 'bin_boundaries');
  const boundaries = build.constant(data, [data.length]);
  const above = build.compare('greaterOrEqual', build.expandDims(x, -1), boundaries);
  const indices = build.sum(build.cast(above, 'int32'), -1);
  const mode = choice(call, 'output_mode', ['int', 'one_hot', 'multi_hot', 'count'], 'int');
  const dtype = dtypeOf(config['output_dtype'] ?? (mode === 'int' ? 'int64' : 'float32'));
  return build.cast(encode(call, indices, mode, data.length + 1), dtype);
}

/**
 * Index of each token in a vocabulary: first the mask, then those that stand for unknown tokens, then the vocabulary.
 *
 * Source: `keras/src/layers/preprocessing/index_lookup.py`.
 */
function lookup(kind: 'string' | 'integer') {
  return (call: LayerCall): Lowered => {
    const { build, config } = call;
    const x = inputOf(call);
    const vocabulary = vocabularyOf(call, kind);
    const mask = config['mask_token'] ?? undefined;
    const unknown = integer(call, 'num_oov_indices', 1);
    const mode = choice(call, 'output_mode', ['int', 'one_hot', 'multi_hot', 'count'], 'int');
    const masked = mask !== undefined && mode === 'int';
    const start = (masked ? 1 : 0) + unknown;
    const indices = vocabulary.map((_, index) => index + start);
    if (flag(call, 'invert', false)) return inverted(call, x, vocabulary, indices, mask);
    if (unknown > 1)
      throw new UnsupportedError('its num_oov_indices is above 1, for which Keras hashes tokens');
    if (unknown === 0)
      throw new UnsupportedError('its num_oov_indices is 0, for which Keras fails with unknown tokens');
    const keys = masked ? [...vocabulary, mask as string | number] : vocabulary;
    const values = masked ? [...indices, 0] : indices;
    const found = build.lookup(x, typed(keys), values, start - 1);
    const size = vocabulary.length + start;
    const depth = flag(call, 'pad_to_max_tokens', false) ? count(call, 'max_tokens') : size;
    return mode === 'int' ? found : encode(call, build.cast(found, 'int32'), mode, depth);
  };
}

/** Tokens by their indices. */
function inverted(
  call: LayerCall,
  x: Value,
  vocabulary: readonly (string | number)[],
  indices: readonly number[],
  mask: unknown,
): Value {
  const { build, config } = call;
  const unknown = config['oov_token'] as string | number;
  const keys = mask === undefined ? indices : [...indices, 0];
  const values = mask === undefined ? vocabulary : [...vocabulary, mask as string | number];
  return build.lookup(build.cast(x, 'int64'), keys, typed(values), unknown);
}

function vocabularyOf({ config }: LayerCall, kind: 'string' | 'integer'): (string | number)[] {
  const stated = config['vocabulary'];
  if (!isList(stated))
    throw new UnsupportedError('the file does not state its vocabulary in the configuration');
  return stated.map((token) => (kind === 'string' ? String(token) : Number(token)));
}

/** Tokens are all of one type. */
function typed(tokens: readonly (string | number)[]): readonly string[] | readonly number[] {
  const strings = tokens.filter((token) => typeof token === 'string');
  return strings.length === tokens.length ? strings : tokens.map(Number);
}

export const CATEGORIES = {
  CategoryEncoding: runs(categoryEncoding),
  Discretization: runs(discretization),
  IntegerLookup: runs(lookup('integer')),
  StringLookup: runs(lookup('string')),
};
