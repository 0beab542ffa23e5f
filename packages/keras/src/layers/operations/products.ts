import type { Builder } from '../../graph/builder.js';
import { axisOf, GraphError, knownLength } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { type LayerCall, runs } from '../layer.js';
import { integer, text } from '../settings.js';
import { axesSetting, floating, setting, tensor, type Typed, typed } from './arguments.js';
import { moveAxes } from './shapes.js';
import { type KerasType, resultType, toType } from './types.js';

const LETTERS = Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ');

/** Two tensors, to be multiplied in floating point; the result gets the type of the two. */
function pair(call: LayerCall): { a: Value; b: Value; type: KerasType } {
  const [a, b] = [typed(call, 0, 'x1'), typed(call, 1, 'x2')];
  return { a: floating(call, a.value), b: floating(call, b.value), type: resultType(a.type, b.type) };
}

/** Two matrices of int8 give int32. */
function productType(type: KerasType, a: Value, b: Value): KerasType {
  return type === 'int8' && a.shape.length > 1 && b.shape.length > 1 ? 'int32' : type;
}

export function matMul(build: Builder, a: Value, b: Value): Value {
  const [left, right] = [a.shape.length === 1, b.shape.length === 1];
  const product = build.matMul(left ? build.expandDims(a, 0) : a, right ? build.expandDims(b, 1) : b);
  const rank = product.shape.length;
  return build.squeeze(product, [...(left ? [rank - 2] : []), ...(right ? [rank - 1] : [])]);
}

/** Sums products over pairs of axes. */
export function contracted(
  build: Builder,
  a: Value,
  b: Value,
  axesA: readonly number[],
  axesB: readonly number[],
): Value {
  const left = LETTERS.slice(0, a.shape.length);
  const right = LETTERS.slice(a.shape.length, a.shape.length + b.shape.length);
  const overA = axesA.map((axis) => axisOf(axis, a.shape.length));
  const overB = axesB.map((axis) => axisOf(axis, b.shape.length));
  for (const [index, axis] of overB.entries()) right[axis] = left[overA[index] ?? 0] ?? 'a';
  const result = [
    ...left.filter((_, axis) => !overA.includes(axis)),
    ...right.filter((_, axis) => !overB.includes(axis)),
  ];
  return build.einsum(`${left.join('')},${right.join('')}->${result.join('')}`, a, b);
}

function dot(call: LayerCall): Value {
  const { build } = call;
  const { a, b, type } = pair(call);
  if (a.shape.length === 0 || b.shape.length === 0) return toType(build, build.multiply(a, b), type);
  return toType(build, contracted(build, a, b, [-1], [b.shape.length === 1 ? -1 : -2]), type);
}

function inner(call: LayerCall): Value {
  const { build } = call;
  const { a, b, type } = pair(call);
  if (a.shape.length === 0 || b.shape.length === 0) return toType(build, build.multiply(a, b), type);
  return toType(build, contracted(build, a, b, [-1], [-1]), type);
}

function tensordot(call: LayerCall): Value {
  const { build } = call;
  const { a, b, type } = pair(call);
  const axes = setting(call, 'axes') ?? 2;
  if (typeof axes === 'number') {
    const last = Array.from({ length: axes }, (_, index) => index - axes);
    return toType(
      build,
      contracted(
        build,
        a,
        b,
        last,
        last.map((_, index) => index),
      ),
      type,
    );
  }
  if (!Array.isArray(axes)) throw new GraphError('has no axes');
  const [overA = [], overB = []] = axes.map((list: unknown) => [list].flat().map(Number));
  return toType(build, contracted(build, a, b, overA, overB), type);
}

/** Replaces an ellipsis by letters and states the result, as the builder needs both. */
function explicit(equation: string, ranks: readonly number[]): string {
  const [terms = '', result] = equation.replaceAll(' ', '').split('->');
  const operands = terms.split(',');
  const free = LETTERS.filter((letter) => !equation.includes(letter));
  const width = Math.max(
    0,
    ...operands.map((operand, index) =>
      operand.includes('.') ? (ranks[index] ?? 0) - operand.replace('...', '').length : 0,
    ),
  );
  const names = free.slice(0, width).join('');
  const written = operands.map((operand, index) => {
    const own = (ranks[index] ?? 0) - operand.replace('...', '').length;
    return operand.replace('...', own === 0 ? '' : names.slice(-own));
  });
  const single = [...new Set(terms.replaceAll(/[^A-Za-z]/gu, ''))]
    .filter((letter) => terms.split(letter).length === 2)
    .sort();
  const output = (result ?? `${terms.includes('.') ? '...' : ''}${single.join('')}`).replace('...', names);
  return `${written.join(',')}->${output}`;
}

/** Brings an operand that names a dimension twice to its diagonal along it. */
function withoutTwice(build: Builder, x: Value, letters: string): { x: Value; letters: string } {
  const twice = Array.from(letters).findIndex((letter, index) => letters.indexOf(letter) !== index);
  if (twice < 0) return { x, letters };
  const first = letters.indexOf(letters.charAt(twice));
  const rank = x.shape.length;
  const [rows, columns] = [x.shape[first] ?? 1, x.shape[twice] ?? 1];
  const place = (axis: number, length: Value['shape'][number]) =>
    build.reshape(
      build.range(length),
      Array.from({ length: rank }, (_, index) => (index === axis ? length : 1)),
    );
  const same = build.equal(place(first, rows), place(twice, columns));
  const diagonal = build.sum(build.where(same, x, 0), twice);
  return withoutTwice(build, diagonal, letters.slice(0, twice) + letters.slice(twice + 1));
}

/** Dimensions of length 1 are repeated where another operand has more. */
function einsum(call: LayerCall): Value {
  const { build } = call;
  const operands: Typed[] = call.args.map((_, at) => typed(call, at, ''));
  const types = operands.map(({ type }) => type);
  const type = types.every((one) => one === 'int8') ? 'int32' : resultType(...types);
  const equation = explicit(
    text(call, 'subscripts'),
    operands.map(({ value }) => value.shape.length),
  );
  const [terms = '', result = ''] = equation.split('->');
  const parts = terms.split(',').map((letters, index) => {
    const value = operands[index]?.value;
    if (value === undefined) throw new GraphError(`has fewer inputs than ${equation} names`);
    return withoutTwice(build, floating(call, value), letters);
  });
  const product = build.einsum(
    `${parts.map(({ letters }) => letters).join(',')}->${result}`,
    ...parts.map(({ x }) => x),
  );
  return toType(build, product, type);
}

function outer(call: LayerCall): Value {
  const { build } = call;
  const [a, b] = [typed(call, 0, 'x1'), typed(call, 1, 'x2')];
  const type = resultType(a.type, b.type);
  const [x, y] = [toType(build, a.value, type), toType(build, b.value, type)];
  return toType(build, build.multiply(build.reshape(x, [-1, 1]), build.reshape(y, [1, -1])), type);
}

function kron(call: LayerCall): Value {
  const { build } = call;
  const [first, second] = [typed(call, 0, 'x1'), typed(call, 1, 'x2')];
  const type = resultType(first.type, second.type);
  const [a, b] = [toType(build, first.value, type), toType(build, second.value, type)];
  const rank = Math.max(a.shape.length, b.shape.length);
  const full = (x: Value) => [...Array<number>(rank - x.shape.length).fill(1), ...x.shape];
  const [left, right] = [full(a), full(b)];
  const x = build.reshape(
    a,
    left.flatMap((length) => [length, 1]),
  );
  const y = build.reshape(
    b,
    right.flatMap((length) => [1, length]),
  );
  const shape = left.map((length, axis) => {
    const other = right[axis] ?? 1;
    if (typeof length === 'number' && typeof other === 'number') return length * other;
    return length === 1 ? other : other === 1 ? length : -1;
  });
  return toType(build, build.reshape(build.multiply(x, y), shape), type);
}

/** Source: `cross` of `keras/src/backend/tensorflow/numpy.py`. Vectors of length 2 have a third entry of 0. */
function cross(call: LayerCall): Value {
  const { build } = call;
  const [first, second] = [typed(call, 0, 'x1'), typed(call, 1, 'x2')];
  const type = resultType(first.type, second.type);
  const common = axesSetting(call, 'axis')?.[0];
  const axis = (key: string) => common ?? integer(call, key, -1);
  const parts = (x: Value, key: string) => {
    const moved = moveAxes(build, toType(build, x, type), [axis(key)], [-1]);
    const length = knownLength(moved.shape, -1, 'a vector');
    return {
      length,
      at: (index: number) =>
        index < length
          ? build.at(moved, moved.shape.length - 1, index)
          : build.multiply(build.at(moved, moved.shape.length - 1, 0), 0),
    };
  };
  const [a, b] = [parts(first.value, 'axisa'), parts(second.value, 'axisb')];
  const entry = (i: number, j: number) =>
    build.subtract(build.multiply(a.at(i), b.at(j)), build.multiply(a.at(j), b.at(i)));
  if (a.length === 2 && b.length === 2) return toType(build, entry(0, 1), type);
  const entries = [entry(1, 2), entry(2, 0), entry(0, 1)];
  const rank = entries[0]?.shape.length ?? 0;
  const joined = build.concat(
    entries.map((one) => build.expandDims(one, rank)),
    rank,
  );
  return toType(build, moveAxes(build, joined, [-1], [axis('axisc')]), type);
}

function distances(call: LayerCall): Value {
  const { build } = call;
  const { a, b } = { a: floating(call, tensor(call, 0, 'x')), b: floating(call, tensor(call, 1, 'y')) };
  const difference = build.subtract(
    build.expandDims(a, a.shape.length - 1),
    build.expandDims(b, b.shape.length - 2),
  );
  return build.sqrt(build.sum(build.square(difference), -1));
}

/** Source: `correlate` of `keras/src/backend/tensorflow/numpy.py`. */
function correlate(call: LayerCall): Value {
  const { build } = call;
  const { a, b } = pair(call);
  const [n, m] = [knownLength(a.shape, 0, 'the first vector'), knownLength(b.shape, 0, 'the second vector')];
  const mode = text(call, 'mode', 'valid');
  const around = mode === 'valid' ? 0 : m - 1;
  const x = build.pad(build.reshape(a, [1, n, 1]), [
    [0, 0],
    [around, around],
    [0, 0],
  ]);
  const full = build.reshape(build.conv(x, build.reshape(b, [m, 1, 1])), [-1]);
  if (mode !== 'same') return full;
  const length = Math.max(n, m);
  const start = Math.floor((n + m - 1 - length) / 2);
  return build.slice(full, [{ axis: 0, start, end: start + length }]);
}

export const PRODUCTS = {
  CDist: runs(distances),
  Correlate: runs(correlate),
  Cross: runs(cross),
  Dot: runs(dot),
  Einsum: runs(einsum),
  Inner: runs(inner),
  Kron: runs(kron),
  Matmul: runs((call) => {
    const { a, b, type } = pair(call);
    return toType(call.build, matMul(call.build, a, b), productType(type, a, b));
  }),
  Outer: runs(outer),
  Tensordot: runs(tensordot),
  Vdot: runs((call) => {
    const { build } = call;
    const { a, b, type } = pair(call);
    return toType(build, build.sum(build.multiply(build.reshape(a, [-1]), build.reshape(b, [-1]))), type);
  }),
};
