import { isList } from '../../config/json.js';
import type { Value } from '../../graph/value.js';
import { inputOf, type LayerCall, type Lowered, runs, tensorsIn, UnsupportedError } from '../layer.js';
import { dtypeOf } from '../lower-model.js';
import { array, choice, count, flag, integer, text } from '../settings.js';

type OutputMode = 'int' | 'one_hot' | 'multi_hot' | 'count';

/**
 * Encodes indices. Source: `encode_categorical_inputs` of `keras/src/utils/numerical_utils.py`.
 *
 * @param depth Number of classes.
 */
export function encode(
  call: LayerCall,
  indices: Value,
  mode: OutputMode,
  depth: number,
  weights?: Value,
): Value {
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

/** A token that a lookup knows. */
type Token = string | number;

/**
 * Index of each token in a vocabulary: first the mask, then those that stand for unknown tokens, then the vocabulary.
 *
 * Source: `keras/src/layers/preprocessing/index_lookup.py`.
 */
function lookup(kind: 'string' | 'integer') {
  return (call: LayerCall): Lowered => {
    const { build } = call;
    const x = inputOf(call);
    const unknown = integer(call, 'num_oov_indices', 1);
    const mode = choice(call, 'output_mode', ['int', 'one_hot', 'multi_hot', 'count', 'tf_idf'], 'int');
    const mask = tokenOf(call, 'mask_token', kind);
    const start = (mask !== undefined && mode === 'int' ? 1 : 0) + unknown;
    const vocabulary = vocabularyOf(call, kind, start);
    const indices = vocabulary.map((_, index) => index + start);
    if (flag(call, 'invert', false)) return inverted(call, x, vocabulary, indices, mask);
    if (unknown === 0)
      throw new UnsupportedError('its num_oov_indices is 0, for which Keras fails with unknown tokens');
    const size = vocabulary.length + start;
    const depth = flag(call, 'pad_to_max_tokens', false) ? count(call, 'max_tokens') : size;
    // An encoding drops an index that is too great.
    const keys = mask === undefined ? vocabulary : [...vocabulary, mask];
    const values = mask === undefined ? indices : [...indices, mode === 'int' ? 0 : depth];
    const found =
      unknown === 1
        ? build.lookup(x, typed(keys), values, start - 1)
        : build.where(
            isIn(call, x, keys),
            build.lookup(x, typed(keys), values, 0),
            hashed(call, x, kind, start),
          );
    if (mode === 'int') return found;
    const encoded = encode(call, build.cast(found, 'int32'), mode === 'tf_idf' ? 'count' : mode, depth);
    return mode === 'tf_idf' ? build.multiply(encoded, frequencies(call, depth, start)) : encoded;
  };
}

function isIn({ build }: LayerCall, x: Value, keys: readonly Token[]): Value {
  return build.notEqual(
    build.lookup(
      x,
      typed(keys),
      keys.map(() => 1),
      0,
    ),
    0,
  );
}

/** Index of an unknown token, of which there are several. */
function hashed(call: LayerCall, x: Value, kind: 'string' | 'integer', start: number): Value {
  const unknown = integer(call, 'num_oov_indices', 1);
  if (kind === 'string' || text(call, 'oov_method', 'floormod') !== 'floormod')
    throw new UnsupportedError('its num_oov_indices is above 1, for which Keras hashes tokens with FarmHash');
  const { build } = call;
  return build.add(build.binary('floorMod', build.cast(x, 'int64'), unknown), start - unknown);
}

/** Weights of the tokens by how rare they are. Unknown tokens have the mean. */
function frequencies({ build, config, weights }: LayerCall, depth: number, start: number): Value {
  if (!isList(config['idf_weights'])) return weights('idf_weights', [depth], { trainable: false });
  const { data } = array(config['idf_weights'], 'idf_weights');
  const mean = data.reduce((a, b) => a + b, 0) / data.length;
  const all = Array.from({ length: depth }, (_, index) =>
    index < start ? mean : (data[index - start] ?? 0),
  );
  return build.constant(all, [depth]);
}

/** Tokens by their indices. */
function inverted(
  call: LayerCall,
  x: Value,
  vocabulary: readonly Token[],
  indices: readonly number[],
  mask: Token | undefined,
): Value {
  const { build } = call;
  const kind = typeof vocabulary[0] === 'number' ? 'integer' : 'string';
  const unknown = tokenOf(call, 'oov_token', kind) ?? (kind === 'integer' ? -1 : '[UNK]');
  const keys = mask === undefined ? indices : [...indices, 0];
  const values = mask === undefined ? vocabulary : [...vocabulary, mask];
  return build.lookup(build.cast(x, 'int64'), keys, typed(values), unknown);
}

function tokenOf({ config }: LayerCall, key: string, kind: 'string' | 'integer'): Token | undefined {
  const token = config[key];
  if (typeof token !== 'string' && typeof token !== 'number') return undefined;
  return kind === 'string' ? String(token) : Number(token);
}

/**
 * The tokens that the configuration states, or those that the file keeps beside it if Keras counted them. Both may begin
 * with the mask and the unknown token.
 */
function vocabularyOf(call: LayerCall, kind: 'string' | 'integer', start: number): Token[] {
  const stated = call.config['vocabulary'] ?? linesOf(call.asset('vocabulary.txt'));
  if (!isList(stated)) {
    throw new UnsupportedError(
      typeof stated === 'string'
        ? 'its vocabulary is in another file, which is not opened'
        : 'the file does not hold its vocabulary. HDF5 files do not keep one that adapt() made: save the model as .keras',
    );
  }
  const tokens = stated.map((token) => (kind === 'string' ? String(token) : Number(token)));
  const unknown = integer(call, 'num_oov_indices', 1);
  const special = [
    ...Array<Token | undefined>(start - unknown).fill(tokenOf(call, 'mask_token', kind)),
    ...Array<Token | undefined>(unknown).fill(tokenOf(call, 'oov_token', kind)),
  ];
  return special.every((token, index) => token === tokens[index]) ? tokens.slice(special.length) : tokens;
}

/** Lines as Python divides them, without the empty ones at the end. */
function linesOf(asset: string | undefined): string[] | undefined {
  if (asset === undefined) return undefined;
  const lines = asset.split(/\r\n|[\n\v\f\r\u{1c}-\u{1e}\u{85}\u{2028}\u{2029}]/u);
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Tokens are all of one type. */
function typed(tokens: readonly Token[]): readonly string[] | readonly number[] {
  const strings = tokens.filter((token) => typeof token === 'string');
  return strings.length === tokens.length ? strings : tokens.map(Number);
}

export const CATEGORIES = {
  CategoryEncoding: runs(categoryEncoding),
  Discretization: runs(discretization),
  IntegerLookup: runs(lookup('integer')),
  StringLookup: runs(lookup('string')),
};
