import type { Builder } from '../graph/builder.js';
import { GraphError, knownLength } from '../graph/shapes.js';
import type { Value } from '../graph/value.js';
import {
  type CallArgument,
  type LayerCall,
  type Lowered,
  runs,
  tensorsIn,
  UnsupportedError,
} from './layer.js';
import { count, flag, integers, optionalNumber } from './settings.js';

/** What Keras puts in place of scores that do not count. */
const FAR_BELOW = -1e9;

/** An argument by its name or its place. */
function argument(call: LayerCall, name: string, place: number): CallArgument | undefined {
  return call.kwargs[name] ?? call.args[place];
}

function isTrue(argument: CallArgument | undefined): boolean {
  return argument?.kind === 'value' && argument.value === true;
}

/** True where the query is not before the key: shape (1, queries, keys). */
function causalMask(build: Builder, query: Value, value: Value): Value {
  const row = build.reshape(build.range(query.shape[1] ?? 1), [1, query.shape[1] ?? 1, 1]);
  const column = build.reshape(build.range(value.shape[1] ?? 1), [1, 1, value.shape[1] ?? 1]);
  return build.compare('greaterOrEqual', row, column);
}

function both(build: Builder, masks: readonly (Value | undefined)[]): Value | undefined {
  const given = masks.filter((mask) => mask !== undefined);
  return given.length === 0 ? undefined : given.reduce((a, b) => build.and(a, b));
}

/** Inputs [query, value, key] and their masks. Sources: `attention.py` and `additive_attention.py` of Keras. */
function attention(score: (call: LayerCall, query: Value, key: Value) => Value) {
  return (call: LayerCall): Lowered => {
    const { build, inputs, masks } = call;
    const [query, value, key = value] = inputs;
    if (query === undefined || value === undefined || key === undefined)
      throw new GraphError('needs a query and a value');
    const [queryMask, valueMask] = masks;
    const scores = score(call, query, key);
    const causal = isTrue(call.kwargs['use_causal_mask']) || call.config['causal'] === true;
    const mask = both(build, [
      valueMask === undefined ? undefined : build.expandDims(valueMask, 1),
      causal ? causalMask(build, query, value) : undefined,
    ]);
    const counted = mask === undefined ? scores : build.where(mask, scores, build.add(scores, FAR_BELOW));
    const weights = build.softmax(counted, -1);
    const output = build.matMul(weights, value);
    const result = queryMask === undefined ? output : build.where(build.expandDims(queryMask, -1), output, 0);
    const values = isTrue(call.kwargs['return_attention_scores']) ? [result, weights] : [result];
    return { values, masks: [queryMask] };
  };
}

function dotScores(call: LayerCall, query: Value, key: Value): Value {
  const { build, config, weights } = call;
  const scale = flag(call, 'use_scale', false) ? weights('scale', []) : undefined;
  const mode = config['score_mode'] ?? 'dot';
  if (mode === 'dot') {
    const scores = build.matMul(query, build.transpose(key, [0, 2, 1]));
    return scale === undefined ? scores : build.multiply(scores, scale);
  }
  if (mode !== 'concat')
    throw new UnsupportedError(`its score_mode ${JSON.stringify(mode)} is not one of Keras`);
  const weight = weights('concat_score_weight', []);
  const sums = build.add(build.expandDims(query, 2), build.expandDims(key, 1));
  return build.multiply(
    build.sum(build.tanh(scale === undefined ? sums : build.multiply(sums, scale)), -1),
    weight,
  );
}

function additiveScores(call: LayerCall, query: Value, key: Value): Value {
  const { build, weights } = call;
  const scale = flag(call, 'use_scale', true)
    ? weights('scale', [knownLength(query.shape, -1, 'the last dimension')])
    : undefined;
  const sums = build.tanh(build.add(build.expandDims(query, 2), build.expandDims(key, 1)));
  return build.sum(scale === undefined ? sums : build.multiply(sums, scale), -1);
}

/** Query, value and key of a layer that takes them as arguments, and the mask that they and the call make. */
function projected(call: LayerCall): {
  query: Value;
  value: Value;
  key: Value;
  mask: Value | undefined;
  queryMask: Value | undefined;
} {
  const { build, kwargs } = call;
  const tensor = (name: string, place: number) => tensorsIn(argument(call, name, place))[0];
  const [query, value, key] = [tensor('query', 0), tensor('value', 1), tensor('key', 2)];
  if (query === undefined || value === undefined) throw new GraphError('needs a query and a value');
  const given = (name: string, own: Value | undefined) => tensorsIn(kwargs[name])[0]?.value ?? own;
  const queryMask = given('query_mask', query.mask);
  const valueMask = given('value_mask', value.mask);
  const keyMask = given('key_mask', key?.mask);
  const stated = tensorsIn(argument(call, 'attention_mask', 6))[0]?.value;
  const window = optionalNumber(call, 'sliding_window');
  const causal = isTrue(kwargs['use_causal_mask']);
  const automatic = both(build, [
    queryMask === undefined ? undefined : build.expandDims(queryMask, -1),
    valueMask === undefined ? undefined : build.expandDims(valueMask, -2),
    keyMask === undefined ? undefined : build.expandDims(keyMask, -2),
    causal ? causalMask(build, query.value, value.value) : undefined,
    window === undefined ? undefined : windowMask(build, query.value, value.value, window),
  ]);
  return {
    query: query.value,
    value: value.value,
    key: (key ?? value).value,
    mask: both(build, [automatic, stated === undefined ? undefined : build.cast(stated, 'bool')]),
    queryMask,
  };
}

/** True where query and key are less than `window` apart. */
function windowMask(build: Builder, query: Value, value: Value, window: number): Value {
  const row = build.reshape(build.range(query.shape[1] ?? 1), [1, query.shape[1] ?? 1, 1]);
  const column = build.reshape(build.range(value.shape[1] ?? 1), [1, 1, value.shape[1] ?? 1]);
  return build.less(build.abs(build.subtract(row, column)), window);
}

/** Multiplies the last dimensions of `x` by a kernel: (…, inputs) × (inputs, heads, width), plus a bias. */
function project(call: LayerCall, x: Value, attribute: string, shape: readonly number[], bound = 1): Value {
  const { build } = call;
  const weights = call.inner(attribute, { className: 'EinsumDense' });
  const letters = (from: number, length: number) =>
    Array.from({ length }, (_, index) => String.fromCharCode(97 + from + index)).join('');
  const free = letters(0, x.shape.length - bound);
  const inner = letters(free.length, bound);
  const outer = letters(free.length + bound, shape.length - bound);
  const product = build.einsum(
    `${free}${inner},${inner}${outer}->${free}${outer}`,
    x,
    weights('kernel', shape),
  );
  return flag(call, 'use_bias', true) ? build.add(product, weights('bias', shape.slice(bound))) : product;
}

/**
 * Softmax over the keys. With several axes of attention, or where Keras uses its Softmax layer, rows without any key
 * that counts are 0; its fused attention leaves them evenly distributed.
 */
function weighted(
  build: Builder,
  scores: Value,
  mask: Value | undefined,
  axes: number,
  fused: boolean,
): Value {
  const over = Array.from({ length: axes }, (_, index) => index - axes);
  const counted = mask === undefined ? scores : build.where(mask, scores, FAR_BELOW);
  const exponentials = () => build.exp(build.subtract(counted, build.max(counted, over, true)));
  const sum = (x: Value) => build.divide(x, build.sum(x, over, true));
  const weights = axes === 1 ? build.softmax(counted, -1) : sum(exponentials());
  return mask === undefined || fused ? weights : build.where(mask, weights, 0);
}

/** Source: `keras/src/layers/attention/multi_head_attention.py`. */
function multiHead(call: LayerCall): Lowered {
  const { build, config } = call;
  const { query, value, key, mask, queryMask } = projected(call);
  const heads = count(call, 'num_heads');
  const width = count(call, 'key_dim');
  const valueWidth = count(call, 'value_dim', width);
  const channels = (x: Value) => knownLength(x.shape, -1, 'the last dimension');
  const q = project(call, query, 'query_dense', [channels(query), heads, width]);
  const k = project(call, key, 'key_dense', [channels(key), heads, width]);
  const gated = config['use_gate'] === true;
  const gate = gated
    ? build.sigmoid(project(call, query, '_gate_dense', [channels(query), heads, valueWidth]))
    : undefined;
  const v = project(call, value, 'value_dense', [channels(value), heads, valueWidth]);
  const rank = query.shape.length;
  const stated = config['attention_axes'] ?? undefined;
  const axes =
    stated === undefined
      ? Array.from({ length: rank - 2 }, (_, index) => index + 1)
      : integers(call, 'attention_axes').map((axis) => (axis < 0 ? axis + rank : axis));
  const scaled = build.multiply(q, 1 / Math.sqrt(width));
  const { product, combination } = equations(rank + 1, axes);
  const scores = build.einsum(product, k, scaled);
  const returnScores = isTrue(argument(call, 'return_attention_scores', 7));
  const fused = Number(config['dropout'] ?? 0) === 0 && !returnScores && q.shape.length === 4;
  const weights = weighted(build, scores, widened(build, mask, scores, axes.length), axes.length, fused);
  const combined = build.einsum(combination, weights, v);
  const shape = config['output_shape'] ?? undefined;
  const outputs = shape === undefined ? [channels(query)] : integers(call, 'output_shape');
  const result = project(
    call,
    gate === undefined ? combined : build.multiply(combined, gate),
    'output_dense',
    [heads, valueWidth, ...outputs],
    2,
  );
  return { values: returnScores ? [result, weights] : [result], masks: [queryMask] };
}

/** Adds the dimension of the heads, and what else is missing, to a mask. */
function widened(build: Builder, mask: Value | undefined, scores: Value, axes: number): Value | undefined {
  let wide = mask;
  while (wide !== undefined && wide.shape.length < scores.shape.length)
    wide = build.expandDims(wide, -axes * 2 - 1);
  return wide;
}

/** The sums of products of `_build_attention_equation`. `rank` counts heads and width. */
function equations(rank: number, axes: readonly number[]): { product: string; combination: string } {
  const letter = (index: number) => String.fromCharCode(97 + index);
  const target = Array.from({ length: rank }, (_, index) => letter(index));
  const batch = target
    .map((_, index) => index)
    .filter((index) => !axes.includes(index) && index !== rank - 1);
  let next = rank;
  const source = target.map((own, index) =>
    batch.includes(index) || index === rank - 1 ? own : letter(next++),
  );
  const at = (letters: readonly string[], places: readonly number[]) =>
    places.map((place) => letters[place] ?? '').join('');
  const product = at(target, batch) + at(target, axes) + at(source, axes);
  return {
    product: `${source.join('')},${target.join('')}->${product}`,
    combination: `${product},${source.join('')}->${target.join('')}`,
  };
}

/** Several heads of the query share one of key and value. Source: `grouped_query_attention.py`. */
function groupedQuery(call: LayerCall): Lowered {
  const { build, config } = call;
  const { query, value, key, mask, queryMask } = projected(call);
  const [width, heads, shared] = [
    count(call, 'head_dim'),
    count(call, 'num_query_heads'),
    count(call, 'num_key_value_heads'),
  ];
  const channels = (x: Value) => knownLength(x.shape, -1, 'the last dimension');
  const q = project(call, query, '_query_dense', [channels(query), heads, width]);
  const repeated = (x: Value) => build.repeat(x, heads / shared, 2);
  const k = repeated(project(call, key, '_key_dense', [channels(key), shared, width]));
  const gate =
    config['use_gate'] === true
      ? build.sigmoid(project(call, query, '_gate_dense', [channels(query), heads, width]))
      : undefined;
  const v = repeated(project(call, value, '_value_dense', [channels(value), shared, width]));
  const scores = build.einsum('bquh,bkuh->buqk', build.multiply(q, 1 / Math.sqrt(width)), k);
  const returnScores = isTrue(argument(call, 'return_attention_scores', 7));
  const fused = Number(config['dropout'] ?? 0) === 0 && !returnScores;
  const weights = weighted(build, scores, widened(build, mask, scores, 1), 1, fused);
  const combined = build.einsum('buqk,bkuh->bquh', weights, v);
  const result = project(
    call,
    gate === undefined ? combined : build.multiply(combined, gate),
    '_output_dense',
    [heads, width, channels(query)],
    2,
  );
  return { values: returnScores ? [result, weights] : [result], masks: [queryMask] };
}

export const ATTENTION = {
  Attention: runs(attention(dotScores)),
  AdditiveAttention: runs(attention(additiveScores)),
  MultiHeadAttention: runs(multiHead),
  GroupedQueryAttention: runs(groupedQuery),
};
