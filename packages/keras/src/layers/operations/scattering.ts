import type { Builder } from '../../graph/builder.js';
import { elementsOf, GraphError, knownLength } from '../../graph/shapes.js';
import type { Dimension, Value } from '../../graph/value.js';
import { type LayerCall, type LayerEntry, runs, UnsupportedError } from '../layer.js';
import { choice, count, flag, integers } from '../settings.js';
import { setting, tensor, typed } from './arguments.js';
import { toType } from './types.js';

type Segment = 'sum' | 'product' | 'max' | 'min';

/** What a segment without entries holds. */
function neutral(fn: Segment, x: Value): number {
  if (fn === 'sum') return 0;
  if (fn === 'product') return 1;
  const greatest = x.dtype === 'float32' ? 3.4028234663852886e38 : 2 ** 31 - 1;
  if (fn === 'min') return greatest;
  return x.dtype === 'float32' ? -greatest : -(2 ** 31);
}

/** Reduces the rows of equal number. The result has a row for each of `segments` numbers. */
function bySegment(build: Builder, fn: Segment, data: Value, ids: Value, segments: Dimension): Value {
  const rank = data.shape.length;
  const own = build.equal(build.expandDims(ids, 0), build.expandDims(build.range(segments), 1));
  const wide = build.expandDims(
    own,
    Array.from({ length: rank - 1 }, (_, axis) => axis + 2),
  );
  return build.reduce(fn, build.where(wide, build.expandDims(data, 0), neutral(fn, data)), 1);
}

function segment(fn: Segment): LayerEntry {
  return runs((call) => {
    if (setting(call, 'num_segments') === undefined) {
      throw new UnsupportedError(
        'it states no num_segments, so that the shape of its result depends on the numbers',
      );
    }
    void flag(call, 'sorted', false);
    const { value, type } = typed(call, 0, 'data');
    const { build } = call;
    const input = value.dtype === 'bool' ? build.cast(value, 'int32') : value;
    return toType(
      build,
      bySegment(
        build,
        fn,
        input,
        build.cast(tensor(call, 1, 'segment_ids'), 'int32'),
        count(call, 'num_segments'),
      ),
      type,
    );
  });
}

/** Positions of several dimensions as positions in one. */
function flatIndices(build: Builder, indices: Value, lengths: readonly number[]): Value {
  const depth = lengths.length;
  if (depth === 1) return build.reshape(build.cast(indices, 'int32'), [-1]);
  const strides = lengths.map((_, axis) => lengths.slice(axis + 1).reduce((a, b) => a * b, 1));
  const rows = build.reshape(build.cast(indices, 'int32'), [-1, depth]);
  return build.sum(build.multiply(rows, build.constant(strides, [depth], 'int32')), -1);
}

/** A tensor of a given shape, of zeros and of updates at positions. Updates of the same position are added. */
function scatter(call: LayerCall): Value {
  const { build } = call;
  const indices = tensor(call, 0, 'indices');
  const { value, type } = typed(call, 1, 'values');
  const shape = integers(call, 'shape');
  const depth = knownLength(indices.shape, -1, 'the last dimension of the indices');
  const [places, rest] = [shape.slice(0, depth), shape.slice(depth)];
  const rows = build.reshape(value, [-1, ...rest]);
  const total = elementsOf(places) ?? 0;
  const summed = bySegment(build, 'sum', rows, flatIndices(build, indices, places), total);
  return toType(build, build.reshape(summed, shape), type);
}

/** A tensor with updates at positions. Of several updates of the same position, the last counts. */
function scatterUpdate(call: LayerCall): Value {
  const { build } = call;
  const { value: x, type } = typed(call, 0, 'inputs');
  const indices = tensor(call, 1, 'indices');
  const updates = toType(build, typed(call, 2, 'updates').value, type);
  const reduction = setting(call, 'reduction');
  const depth = knownLength(indices.shape, -1, 'the last dimension of the indices');
  const rest = x.shape.slice(depth);
  const places = x.shape.slice(0, depth);
  // The first length does not matter for the position of a row.
  const known = places.map((_, axis) => (axis === 0 ? 1 : knownLength(x.shape, axis, 'the updated tensor')));
  const ids = flatIndices(build, indices, known);
  const rows = build.reshape(updates, [-1, ...rest]);
  const flat = build.reshape(x, [-1, ...rest]);
  const total = flat.shape[0] ?? 1;
  let result: Value;
  if (reduction === undefined) {
    const order = build.range(ids.shape[0] ?? 1);
    const last = bySegment(build, 'max', build.add(order, 1), ids, total);
    const hit = build.expandDims(
      build.greater(last, 0),
      Array.from({ length: rest.length }, (_, axis) => axis + 1),
    );
    result = build.where(hit, build.gather(rows, build.subtract(build.maximum(last, 1), 1), 0), flat);
  } else {
    const fn = choice(call, 'reduction', ['add', 'max', 'min', 'mul']);
    const names = { add: 'sum', max: 'max', min: 'min', mul: 'product' } as const;
    const reduced = bySegment(build, names[fn], rows, ids, total);
    if (fn === 'add') result = build.add(flat, reduced);
    else if (fn === 'mul') result = build.multiply(flat, reduced);
    else result = fn === 'max' ? build.maximum(flat, reduced) : build.minimum(flat, reduced);
  }
  if (result.dtype !== x.dtype) throw new GraphError('has updates of another type');
  return toType(build, build.reshape(result, x.shape), type);
}

export const SCATTERING = {
  Scatter: runs(scatter),
  ScatterUpdate: runs(scatterUpdate),
  SegmentMax: segment('max'),
  SegmentMin: segment('min'),
  SegmentProd: segment('product'),
  SegmentSum: segment('sum'),
};
