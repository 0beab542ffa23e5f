import type { Builder } from '../../graph/builder.js';
import { axisOf, GraphError } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { type LayerCall, runs, UnsupportedError } from '../layer.js';
import { integer } from '../settings.js';
import { tensor, typed } from './arguments.js';
import { widened } from './reductions.js';
import { moveAxes } from './shapes.js';

/** Column minus row, for the last two dimensions. */
function offsets(build: Builder, x: Value): Value {
  const [rows = 1, columns = 1] = x.shape.slice(-2);
  return build.subtract(build.expandDims(build.range(columns), 0), build.expandDims(build.range(rows), 1));
}

function masked(build: Builder, x: Value, keep: Value): Value {
  return build.cast(build.where(keep, x.dtype === 'bool' ? build.cast(x, 'int32') : x, 0), x.dtype);
}

/** The entries at `offset` beside the main diagonal of the last two dimensions. */
function diagonalOf(build: Builder, x: Value, offset: number): Value {
  const [rows = 1, columns = 1] = x.shape.slice(-2);
  const on = build.equal(offsets(build, x), offset);
  const input = x.dtype === 'bool' ? build.cast(x, 'int32') : x;
  // Each row and each column has one entry of the diagonal at most.
  const alongRows = typeof columns === 'number';
  if (!alongRows && typeof rows !== 'number') {
    throw new UnsupportedError(
      'it takes a diagonal of two dimensions that are only known when the model runs',
    );
  }
  const all = build.cast(build.sum(build.where(on, input, 0), alongRows ? -1 : -2), x.dtype);
  const [start, end] = alongRows
    ? [Math.max(0, -offset), columns - offset]
    : [Math.max(0, offset), Number(rows) + offset];
  return build.slice(all, [{ axis: all.shape.length - 1, start, end: Math.max(0, end) }]);
}

function diagonal(call: LayerCall): Value {
  const { build } = call;
  const x = tensor(call, 0, 'x');
  const axes = [integer(call, 'axis1', 0), integer(call, 'axis2', 1)];
  return diagonalOf(build, moveAxes(build, x, axes, [-2, -1]), integer(call, 'offset', 0));
}

/** A matrix with the numbers at `offset` beside its main diagonal. */
function diagonalMatrix(build: Builder, x: Value, offset: number): Value {
  const length = x.shape[0] ?? 1;
  const square = build.expand(build.expandDims(x, 0), [length, length]);
  const matrix = masked(build, square, build.equal(offsets(build, square), 0));
  const [before, after] = [Math.max(offset, 0), Math.max(-offset, 0)];
  return build.pad(matrix, [
    [after, before],
    [before, after],
  ]);
}

function diag(call: LayerCall, x: Value): Value {
  const offset = integer(call, 'k', 0);
  if (x.shape.length === 1) return diagonalMatrix(call.build, x, offset);
  if (x.shape.length === 2) return diagonalOf(call.build, x, offset);
  throw new GraphError('needs a vector or a matrix');
}

function trace(call: LayerCall): Value {
  const { build } = call;
  const x = widened(typed(call, 0, 'x'), build);
  const rank = x.shape.length;
  const axes = [axisOf(integer(call, 'axis1', 0), rank), axisOf(integer(call, 'axis2', 1), rank)];
  const moved = moveAxes(build, x, axes, [-2, -1]);
  return build.sum(
    masked(build, moved, build.equal(offsets(build, moved), integer(call, 'offset', 0))),
    [-2, -1],
  );
}

export const DIAGONALS = {
  Diag: runs((call) => diag(call, tensor(call, 0, 'x'))),
  Diagflat: runs((call) => diag(call, call.build.reshape(tensor(call, 0, 'x'), [-1]))),
  Diagonal: runs(diagonal),
  Trace: runs(trace),
  Tril: runs((call) => {
    const { build } = call;
    const x = tensor(call, 0, 'x');
    return masked(build, x, build.compare('lessOrEqual', offsets(build, x), integer(call, 'k', 0)));
  }),
  Triu: runs((call) => {
    const { build } = call;
    const x = tensor(call, 0, 'x');
    return masked(build, x, build.compare('greaterOrEqual', offsets(build, x), integer(call, 'k', 0)));
  }),
};
