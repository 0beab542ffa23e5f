import type {
  BinaryFunction,
  Comparison,
  GruOperation,
  LstmOperation,
  Operation,
  Reduction,
  RnnOperation,
  SliceRange,
  UnaryFunction,
  Windows,
} from './operations.js';
import {
  axisOf,
  broadcastShapes,
  elementsOf,
  GraphError,
  knownLength,
  paddingAlong,
  reach,
  windowLength,
} from './shapes.js';
import {
  type Dimension,
  type DType,
  newValue,
  type Numbers,
  sameLength,
  type Shape,
  showShape,
  type Value,
} from './value.js';

/** A value, or a number that becomes a scalar of the type of the other operand. */
export type Operand = Value | number;

/** Settings of windows that slide over the spatial dimensions. A single number counts for all of them. */
export interface WindowOptions {
  /** @default 1 */
  strides?: number | readonly number[];
  /** @default 1 */
  dilations?: number | readonly number[];
  /** @default 'valid' */
  padding?: 'valid' | 'same' | readonly (readonly [before: number, after: number])[];
}

const RANKS: Readonly<Record<DType, number>> = { string: -1, bool: 0, int32: 1, int64: 2, float32: 3 };

/**
 * Makes the values of a graph. Layers of this package and the user's own layers use the same methods. Nothing is
 * computed here: an engine computes the values when the model runs.
 *
 * Shapes are row-major with the batch first and channels last. Axes may count from the end.
 *
 * @throws {GraphError} Each method, when shapes, types or settings do not fit.
 */
export class Builder {
  /** A constant. `data` holds all numbers of `shape` in row-major order. */
  constant(data: Numbers | readonly number[], shape: readonly number[], dtype?: DType): Value {
    const type = dtype ?? typeOf(data);
    const numbers = toNumbers(data, type);
    if (numbers.length !== elementsOf(shape)) {
      throw new GraphError(`a constant of shape ${showShape(shape)} cannot have ${numbers.length} entries`);
    }
    return newValue(shape, type, { kind: 'literal', data: numbers });
  }

  /** A single number. */
  scalar(value: number, dtype: DType = 'float32'): Value {
    return this.constant([value], [], dtype);
  }

  // One number at a time

  unary(fn: UnaryFunction, x: Value): Value {
    const bool = fn === 'isNaN' || fn === 'isInfinite' || fn === 'not';
    const same = fn === 'abs' || fn === 'negative' || fn === 'sign' || fn === 'relu';
    const input =
      fn === 'not' ? this.cast(x, 'bool') : same && x.dtype !== 'bool' ? x : this.cast(x, 'float32');
    return this.#of(input.shape, bool ? 'bool' : input.dtype, { op: 'unary', fn, x: input });
  }

  abs(x: Value): Value {
    return this.unary('abs', x);
  }
  negative(x: Value): Value {
    return this.unary('negative', x);
  }
  exp(x: Value): Value {
    return this.unary('exp', x);
  }
  log(x: Value): Value {
    return this.unary('log', x);
  }
  sqrt(x: Value): Value {
    return this.unary('sqrt', x);
  }
  reciprocal(x: Value): Value {
    return this.unary('reciprocal', x);
  }
  tanh(x: Value): Value {
    return this.unary('tanh', x);
  }
  sigmoid(x: Value): Value {
    return this.unary('sigmoid', x);
  }
  relu(x: Value): Value {
    return this.unary('relu', x);
  }
  softplus(x: Value): Value {
    return this.unary('softplus', x);
  }
  not(x: Value): Value {
    return this.unary('not', x);
  }
  square(x: Value): Value {
    return this.multiply(x, x);
  }

  leakyRelu(x: Value, alpha: number): Value {
    const input = this.cast(x, 'float32');
    return this.#of(input.shape, 'float32', { op: 'leakyRelu', x: input, alpha });
  }

  elu(x: Value, alpha = 1): Value {
    const input = this.cast(x, 'float32');
    return this.#of(input.shape, 'float32', { op: 'elu', x: input, alpha });
  }

  /** x times the cumulative distribution function of the normal distribution, or its approximation by tanh. */
  gelu(x: Value, approximate = false): Value {
    const input = this.cast(x, 'float32');
    return this.#of(input.shape, 'float32', { op: 'gelu', x: input, approximate });
  }

  /** Limits numbers to a range. */
  clip(x: Value, min: number, max: number): Value {
    if (x.dtype !== 'float32') return this.minimum(this.maximum(x, min), max);
    return this.#of(x.shape, x.dtype, { op: 'clip', x, min, max });
  }

  /** Converts numbers. From float to integer, the fraction is dropped. */
  cast(x: Value, dtype: DType): Value {
    if (x.dtype === dtype) return x;
    if (x.dtype === 'string' || dtype === 'string') {
      throw new GraphError(`${x.dtype} cannot be converted to ${dtype}`);
    }
    return this.#of(x.shape, dtype, { op: 'cast', x, dtype });
  }

  // Two numbers at a time. Shapes are broadcast as in NumPy.

  binary(fn: BinaryFunction, a: Operand, b: Operand): Value {
    let [x, y] = this.#promoted(a, b);
    if (fn === 'divide' || x.dtype === 'bool') {
      const dtype = fn === 'divide' ? 'float32' : 'int32';
      [x, y] = [this.cast(x, dtype), this.cast(y, dtype)];
    }
    return this.#of(broadcastShapes(x.shape, y.shape), x.dtype, { op: 'binary', fn, a: x, b: y });
  }

  add(a: Operand, b: Operand): Value {
    return this.binary('add', a, b);
  }
  subtract(a: Operand, b: Operand): Value {
    return this.binary('subtract', a, b);
  }
  multiply(a: Operand, b: Operand): Value {
    return this.binary('multiply', a, b);
  }
  /** The result is float32, also for integers. */
  divide(a: Operand, b: Operand): Value {
    return this.binary('divide', a, b);
  }
  maximum(a: Operand, b: Operand): Value {
    return this.binary('maximum', a, b);
  }
  minimum(a: Operand, b: Operand): Value {
    return this.binary('minimum', a, b);
  }
  power(a: Operand, b: Operand): Value {
    return this.binary('power', a, b);
  }

  compare(fn: Comparison, a: Operand, b: Operand): Value {
    const logical = fn === 'and' || fn === 'or' || fn === 'xor';
    const [x, y] = logical ? [this.#bool(a), this.#bool(b)] : this.#promoted(a, b);
    return this.#of(broadcastShapes(x.shape, y.shape), 'bool', { op: 'compare', fn, a: x, b: y });
  }

  equal(a: Operand, b: Operand): Value {
    return this.compare('equal', a, b);
  }
  notEqual(a: Operand, b: Operand): Value {
    return this.not(this.equal(a, b));
  }
  greater(a: Operand, b: Operand): Value {
    return this.compare('greater', a, b);
  }
  less(a: Operand, b: Operand): Value {
    return this.compare('less', a, b);
  }
  and(a: Value, b: Value): Value {
    return this.compare('and', a, b);
  }
  or(a: Value, b: Value): Value {
    return this.compare('or', a, b);
  }

  /** `a` where the condition is true, else `b`. */
  where(condition: Value, a: Operand, b: Operand): Value {
    const [x, y] = this.#promoted(a, b);
    const test = this.cast(condition, 'bool');
    const shape = broadcastShapes(test.shape, x.shape, y.shape);
    return this.#of(shape, x.dtype, { op: 'where', condition: test, a: x, b: y });
  }

  // Products

  /** Product of matrices in the last two dimensions. Others are broadcast. */
  matMul(a: Value, b: Value): Value {
    const [x, y] = [this.cast(a, 'float32'), this.cast(b, 'float32')];
    if (x.shape.length < 2 || y.shape.length < 2) throw new GraphError('matMul needs at least 2 dimensions');
    const [inner, outer] = [x.shape.at(-1), y.shape.at(-2)];
    if (typeof inner === 'number' && typeof outer === 'number' && inner !== outer) {
      throw new GraphError(
        `matrices of shapes ${showShape(x.shape)} and ${showShape(y.shape)} cannot be multiplied`,
      );
    }
    const batch = broadcastShapes(x.shape.slice(0, -2), y.shape.slice(0, -2));
    const shape = [...batch, x.shape.at(-2) ?? null, y.shape.at(-1) ?? null];
    return this.#of(shape, 'float32', { op: 'matMul', a: x, b: y });
  }

  /** Sum of products by an equation of single letters, for example `abc,cd->abd`. No ellipsis. */
  einsum(equation: string, ...inputs: Value[]): Value {
    const [terms = '', result] = equation.replaceAll(' ', '').split('->');
    const operands = terms.split(',');
    if (result === undefined || operands.length !== inputs.length || !/^[A-Za-z,]*$/u.test(terms)) {
      throw new GraphError(`the equation ${equation} does not fit ${inputs.length} inputs`);
    }
    const lengths = new Map<string, Dimension>();
    const floats = inputs.map((input) => this.cast(input, 'float32'));
    for (const [index, operand] of operands.entries()) {
      const shape = floats[index]?.shape ?? [];
      if (operand.length !== shape.length) {
        throw new GraphError(
          `${operand} of the equation ${equation} does not fit the shape ${showShape(shape)}`,
        );
      }
      for (const [axis, letter] of Array.from(operand).entries()) {
        const [known, length] = [lengths.get(letter), shape[axis] ?? 1];
        if (
          typeof known === 'number' &&
          typeof length === 'number' &&
          known !== length &&
          known !== 1 &&
          length !== 1
        ) {
          throw new GraphError(
            `${letter} of the equation ${equation} has two lengths, ${known} and ${length}`,
          );
        }
        if (known === undefined || known === 1 || (typeof known !== 'number' && length !== 1))
          lengths.set(letter, length);
      }
    }
    const shape = Array.from(result).map((letter) => {
      const length = lengths.get(letter);
      if (length === undefined)
        throw new GraphError(`${letter} is only in the result of the equation ${equation}`);
      return length;
    });
    return this.#of(shape, 'float32', {
      op: 'einsum',
      equation: `${operands.join(',')}->${result}`,
      inputs: floats,
    });
  }

  // Windows over the spatial dimensions of (batch, …spatial, channels)

  /** Correlation with a kernel of shape (…spatial, channels / groups, filters), plus a bias of shape (filters). */
  conv(x: Value, kernel: Value, bias?: Value, options: WindowOptions & { groups?: number } = {}): Value {
    const input = this.cast(x, 'float32');
    const rank = kernel.shape.length - 2;
    const groups = options.groups ?? 1;
    const channels = knownLength(input.shape, -1, 'the channels');
    const filters = knownLength(kernel.shape, -1, 'the filters');
    if (
      input.shape.length !== rank + 2 ||
      knownLength(kernel.shape, -2, 'the channels') * groups !== channels
    ) {
      throw new GraphError(
        `a kernel of shape ${showShape(kernel.shape)} in ${groups} groups does not fit ${showShape(input.shape)}`,
      );
    }
    const size = kernel.shape.slice(0, rank).map((_, axis) => knownLength(kernel.shape, axis, 'the kernel'));
    const windows = this.#windows(rank, options);
    return this.#of([...this.#slid(input, size, windows), filters], 'float32', {
      op: 'conv',
      x: input,
      kernel,
      bias,
      groups,
      ...windows,
    });
  }

  /**
   * Transposed convolution with a kernel of shape (…spatial, filters, channels).
   *
   * @param x Shape (batch, …spatial, channels).
   * @param kernel Shape (…spatial, filters, channels).
   * @param bias Shape (filters).
   * @param options `cut`: how much of the full output is left out before and after, along each spatial dimension. If
   * negative, zeros are added, also to which the bias is added.
   */
  convTranspose(
    x: Value,
    kernel: Value,
    bias: Value | undefined,
    options: {
      strides: readonly number[];
      dilations: readonly number[];
      cut: readonly (readonly [number, number])[];
    },
  ): Value {
    const input = this.cast(x, 'float32');
    const rank = kernel.shape.length - 2;
    if (input.shape.length !== rank + 2 || !sameLength(kernel.shape.at(-1), input.shape.at(-1))) {
      throw new GraphError(
        `a kernel of shape ${showShape(kernel.shape)} does not fit ${showShape(input.shape)}`,
      );
    }
    const spatial = input.shape.slice(1, -1).map((length, axis) => {
      const size = reach(knownLength(kernel.shape, axis, 'the kernel'), options.dilations[axis] ?? 1);
      const [before, after] = options.cut[axis] ?? [0, 0];
      const stride = options.strides[axis] ?? 1;
      if (typeof length !== 'number') return stride === 1 && size - 1 === before + after ? length : null;
      return (length - 1) * stride + size - before - after;
    });
    const shape = [input.shape[0] ?? null, ...spatial, knownLength(kernel.shape, -2, 'the filters')];
    return this.#of(shape, 'float32', { op: 'convTranspose', x: input, kernel, bias, ...options });
  }

  /** Greatest or mean number of each window. */
  pool(fn: 'max' | 'mean', x: Value, size: readonly number[], options: WindowOptions = {}): Value {
    const input = this.cast(x, 'float32');
    if (input.shape.length !== size.length + 2) {
      throw new GraphError(`windows of ${size.length} dimensions do not fit ${showShape(input.shape)}`);
    }
    const windows = this.#windows(size.length, options);
    return this.#of([...this.#slid(input, size, windows), input.shape.at(-1) ?? null], 'float32', {
      op: 'pool',
      fn,
      x: input,
      size,
      ...windows,
    });
  }

  // Along axes

  /** Sum, mean, product, greatest or least number over axes. `axes` is all axes if it is left out. */
  reduce(fn: Reduction, x: Value, axes?: readonly number[] | number, keepDims = false): Value {
    const rank = x.shape.length;
    const list = axes === undefined ? x.shape.map((_, axis) => axis) : [axes].flat();
    const over = [...new Set(list.map((axis) => axisOf(axis, rank)))].sort((a, b) => a - b);
    const input = x.dtype === 'bool' ? this.cast(x, 'int32') : fn === 'mean' ? this.cast(x, 'float32') : x;
    if (over.length === 0) return input;
    const shape = input.shape.flatMap((length, axis) =>
      !over.includes(axis) ? [length] : keepDims ? [1] : [],
    );
    return this.#of(shape, input.dtype, { op: 'reduce', fn, x: input, axes: over, keepDims });
  }

  sum(x: Value, axes?: readonly number[] | number, keepDims = false): Value {
    return this.reduce('sum', x, axes, keepDims);
  }
  mean(x: Value, axes?: readonly number[] | number, keepDims = false): Value {
    return this.reduce('mean', x, axes, keepDims);
  }
  max(x: Value, axes?: readonly number[] | number, keepDims = false): Value {
    return this.reduce('max', x, axes, keepDims);
  }
  min(x: Value, axes?: readonly number[] | number, keepDims = false): Value {
    return this.reduce('min', x, axes, keepDims);
  }
  /** Whether any entry is true. */
  any(x: Value, axes?: readonly number[] | number, keepDims = false): Value {
    return this.cast(this.max(this.cast(this.cast(x, 'bool'), 'int32'), axes, keepDims), 'bool');
  }
  /** Whether all entries are true. */
  all(x: Value, axes?: readonly number[] | number, keepDims = false): Value {
    return this.cast(this.min(this.cast(this.cast(x, 'bool'), 'int32'), axes, keepDims), 'bool');
  }

  /** Index of the first greatest or least number along an axis, as int32. */
  argReduce(fn: 'max' | 'min', x: Value, axis: number, keepDims = false): Value {
    const at = axisOf(axis, x.shape.length);
    const input = x.dtype === 'bool' ? this.cast(x, 'int32') : x;
    const shape = x.shape.flatMap((length, index) => (index !== at ? [length] : keepDims ? [1] : []));
    return this.#of(shape, 'int32', { op: 'argReduce', fn, x: input, axis: at, keepDims });
  }

  softmax(x: Value, axis = -1): Value {
    const input = this.cast(x, 'float32');
    return this.#of(input.shape, 'float32', { op: 'softmax', x: input, axis: axisOf(axis, x.shape.length) });
  }

  /** Mean 0 and variance 1 over the dimensions from `axis` on, times `scale`, plus `bias`, which have their shape. */
  layerNormalization(x: Value, scale: Value, bias: Value | undefined, axis: number, epsilon: number): Value {
    const input = this.cast(x, 'float32');
    const from = axisOf(axis, x.shape.length);
    return this.#of(input.shape, 'float32', {
      op: 'layerNormalization',
      x: input,
      scale,
      bias,
      axis: from,
      epsilon,
    });
  }

  cumulativeSum(x: Value, axis: number, reverse = false): Value {
    const input = x.dtype === 'bool' ? this.cast(x, 'int32') : x;
    const at = axisOf(axis, x.shape.length);
    return this.#of(input.shape, input.dtype, { op: 'cumulativeSum', x: input, axis: at, reverse });
  }

  /** The greatest `k` numbers along the last axis in falling order, and their indices as int32. */
  topK(x: Value, k: Dimension): [values: Value, indices: Value] {
    const input = x.dtype === 'bool' ? this.cast(x, 'int32') : x;
    const shape = [...input.shape.slice(0, -1), k];
    const operation: Operation = { op: 'topK', x: input, k };
    return [
      newValue(shape, input.dtype, { kind: 'operation', operation, output: 0 }),
      newValue(shape, 'int32', { kind: 'operation', operation, output: 1 }),
    ];
  }

  // Shapes

  /** The same numbers in another shape. One length may be -1: it follows from the others. */
  reshape(x: Value, shape: readonly Dimension[]): Value {
    if (shape.length === x.shape.length && shape.every((length, axis) => sameLength(length, x.shape[axis])))
      return x;
    const lengths = this.#withoutRest(x.shape, shape);
    const [before, after] = [elementsOf(x.shape), elementsOf(lengths.map((length) => length ?? 1))];
    if (before !== undefined && before !== after && !lengths.includes(null)) {
      throw new GraphError(`${showShape(x.shape)} cannot be reshaped to ${showShape(shape)}`);
    }
    return this.#of(lengths, x.dtype, { op: 'reshape', x, shape: lengths.map((length) => length ?? -1) });
  }

  /** Adds a dimension of length 1 at each of the axes of the result. */
  expandDims(x: Value, axes: readonly number[] | number): Value {
    const list = [axes].flat();
    const rank = x.shape.length + list.length;
    const at = new Set(list.map((axis) => axisOf(axis, rank)));
    const rest = x.shape.values();
    const shape = Array.from({ length: rank }, (_, axis) => (at.has(axis) ? 1 : (rest.next().value ?? 1)));
    return this.reshape(x, shape);
  }

  /** Drops dimensions of length 1: those at the axes, or all. */
  squeeze(x: Value, axes?: readonly number[] | number): Value {
    const list =
      axes === undefined
        ? x.shape.flatMap((length, axis) => (length === 1 ? [axis] : []))
        : [axes].flat().map((axis) => axisOf(axis, x.shape.length));
    return this.reshape(
      x,
      x.shape.filter((_, axis) => !list.includes(axis)),
    );
  }

  transpose(x: Value, permutation: readonly number[]): Value {
    if (permutation.every((from, to) => from === to)) return x;
    const shape = permutation.map((axis) => x.shape[axis] ?? null);
    if (
      permutation.length !== x.shape.length ||
      new Set(permutation).size !== x.shape.length ||
      shape.includes(null)
    ) {
      throw new GraphError(`(${permutation.join(', ')}) does not permute ${x.shape.length} dimensions`);
    }
    return this.#of(shape, x.dtype, { op: 'transpose', x, permutation });
  }

  /** Repeats dimensions of length 1, as in NumPy's `broadcast_to`. */
  expand(x: Value, shape: readonly Dimension[]): Value {
    if (shape.length === x.shape.length && shape.every((length, axis) => sameLength(length, x.shape[axis])))
      return x;
    broadcastShapes(x.shape, shape);
    return this.#of(shape, x.dtype, { op: 'expand', x, shape });
  }

  /** Repeats the whole tensor along each axis. */
  tile(x: Value, repeats: readonly number[]): Value {
    if (repeats.every((count) => count === 1)) return x;
    const shape = x.shape.map((length, axis) => {
      const count = repeats[axis] ?? 1;
      return count === 1 ? length : typeof length === 'number' ? length * count : null;
    });
    return this.#of(shape, x.dtype, { op: 'tile', x, repeats });
  }

  /** Repeats each entry along an axis. */
  repeat(x: Value, count: number, axis: number): Value {
    if (count === 1) return x;
    const at = axisOf(axis, x.shape.length);
    const repeated = this.tile(
      this.expandDims(x, at + 1),
      Array.from({ length: x.shape.length + 1 }, (_, index) => (index === at + 1 ? count : 1)),
    );
    const length = x.shape[at];
    return this.reshape(repeated, x.shape.with(at, typeof length === 'number' ? length * count : -1));
  }

  concat(inputs: readonly Value[], axis: number): Value {
    const [first] = inputs;
    if (first === undefined) throw new GraphError('nothing to concatenate');
    if (inputs.length === 1) return first;
    const at = axisOf(axis, first.shape.length);
    const dtype = inputs.map((input) => input.dtype).reduce(wider);
    let total: Dimension | null = 0;
    for (const { shape } of inputs) {
      const length: Dimension = shape[at] ?? 1;
      total = typeof length === 'number' && typeof total === 'number' ? total + length : null;
      const fits =
        shape.length === first.shape.length &&
        shape.every(
          (other, index) =>
            index === at ||
            typeof other !== 'number' ||
            typeof first.shape[index] !== 'number' ||
            other === first.shape[index],
        );
      if (!fits) {
        throw new GraphError(
          `shapes ${inputs.map((input) => showShape(input.shape)).join(' and ')} cannot be concatenated along axis ${axis}`,
        );
      }
    }
    const shape = first.shape.map((length, index) => {
      if (index === at) return total;
      return inputs.map((input) => input.shape[index]).find((other) => typeof other === 'number') ?? length;
    });
    return this.#of(shape, dtype, {
      op: 'concat',
      inputs: inputs.map((input) => this.cast(input, dtype)),
      axis: at,
    });
  }

  /** One range for each axis that is cut. Positions count from the end if negative, and may lie outside. */
  slice(x: Value, ranges: readonly { axis: number; start?: number; end?: number; step?: number }[]): Value {
    const full: SliceRange[] = ranges.map(({ axis, start, end, step = 1 }) => ({
      axis: axisOf(axis, x.shape.length),
      start: start ?? (step > 0 ? 0 : -1),
      end,
      step,
    }));
    const real = full.filter(({ start, end, step }) => !(start === 0 && end === undefined && step === 1));
    if (real.length === 0) return x;
    const shape = x.shape.map((length, axis) => {
      const range = real.find((other) => other.axis === axis);
      if (range === undefined) return length;
      if (range.end === undefined && Math.abs(range.step) === 1 && range.start === (range.step > 0 ? 0 : -1))
        return length;
      return typeof length === 'number' ? slicedLength(length, range) : null;
    });
    return this.#of(shape, x.dtype, { op: 'slice', x, ranges: real });
  }

  /** Reverses the order along axes. */
  flip(x: Value, axes: readonly number[] | number): Value {
    return this.slice(
      x,
      [axes].flat().map((axis) => ({ axis, step: -1 })),
    );
  }

  /** The entries at one position of an axis, which is dropped. */
  at(x: Value, axis: number, position: number): Value {
    const end = position === -1 ? undefined : position + 1;
    return this.squeeze(this.slice(x, [{ axis, start: position, ...(end === undefined ? {} : { end }) }]), [
      axis,
    ]);
  }

  /** Parts along an axis, of the given lengths. */
  split(x: Value, lengths: readonly number[], axis: number): Value[] {
    let start = 0;
    return lengths.map((length) => {
      const part = this.slice(x, [{ axis, start, end: start + length }]);
      start += length;
      return part;
    });
  }

  /** Adds entries around, for each axis. */
  pad(
    x: Value,
    padding: readonly (readonly [before: number, after: number])[],
    mode: 'constant' | 'reflect' | 'edge' | 'wrap' = 'constant',
    value = 0,
  ): Value {
    if (padding.every(([before, after]) => before === 0 && after === 0)) return x;
    const shape = x.shape.map((length, axis) => {
      const [before, after] = padding[axis] ?? [0, 0];
      return before + after === 0 ? length : typeof length === 'number' ? length + before + after : null;
    });
    return this.#of(shape, x.dtype, { op: 'pad', x, padding, mode, value });
  }

  /** Takes slices along an axis. The result has the shape of `indices` in place of the axis. */
  gather(x: Value, indices: Value, axis: number): Value {
    const at = axisOf(axis, x.shape.length);
    const which = indices.dtype === 'int64' ? indices : this.cast(indices, 'int32');
    const shape = [...x.shape.slice(0, at), ...which.shape, ...x.shape.slice(at + 1)];
    return this.#of(shape, x.dtype, { op: 'gather', x, indices: which, axis: at });
  }

  /** Takes single numbers along an axis. `indices` has the rank of `x`. */
  gatherElements(x: Value, indices: Value, axis: number): Value {
    const at = axisOf(axis, x.shape.length);
    const which = indices.dtype === 'int64' ? indices : this.cast(indices, 'int32');
    return this.#of(which.shape, x.dtype, { op: 'gatherElements', x, indices: which, axis: at });
  }

  /** Length of a dimension as an int32 scalar. */
  length(of: Dimension): Value {
    return typeof of === 'number' ? this.scalar(of, 'int32') : this.#of([], 'int32', { op: 'length', of });
  }

  /** 0, 1 and so on below the length, as int32. */
  range(length: Dimension): Value {
    if (typeof length !== 'number') return this.#of([length], 'int32', { op: 'range', length });
    return this.constant(
      Int32Array.from({ length }, (_, index) => index),
      [length],
    );
  }

  /** A tensor of one number. */
  full(shape: readonly Dimension[], value: number, dtype: DType = 'float32'): Value {
    return this.expand(
      this.constant(
        [value],
        shape.map(() => 1),
        dtype,
      ),
      shape,
    );
  }

  /** 1 at each index and 0 elsewhere, in a new dimension at `axis`. Indices outside give only zeros. */
  oneHot(indices: Value, depth: number, axis = -1): Value {
    const rank = indices.shape.length + 1;
    const at = axisOf(axis, rank);
    const classes = this.reshape(
      this.range(depth),
      Array.from({ length: rank }, (_, index) => (index === at ? depth : 1)),
    );
    return this.cast(this.equal(this.expandDims(this.cast(indices, 'int32'), at), classes), 'float32');
  }

  /** Resizes images of shape (batch, rows, columns, channels) by linear interpolation. Pixels are centred at halves. */
  resize(x: Value, size: readonly [rows: number, columns: number]): Value {
    const input = this.cast(x, 'float32');
    if (input.shape.length !== 4) throw new GraphError(`${showShape(input.shape)} is not a batch of images`);
    const shape = [input.shape[0] ?? null, ...size, input.shape[3] ?? null];
    return this.#of(shape, 'float32', { op: 'resize', x: input, size });
  }

  /** Maps each key to the value at the same position; what is not a key becomes `otherwise`. */
  lookup(
    x: Value,
    keys: readonly string[] | readonly number[],
    values: readonly string[] | readonly number[],
    otherwise: string | number,
  ): Value {
    const dtype = typeof otherwise === 'string' ? 'string' : 'int64';
    const input = typeof keys[0] === 'number' ? this.cast(x, 'int64') : x;
    return this.#of(input.shape, dtype, { op: 'lookup', x: input, keys, values, otherwise });
  }

  // Recurrent

  lstm(operation: Omit<LstmOperation, 'op'>): [output: Value, h: Value, c: Value] {
    const units = knownLength(operation.recurrent.shape, 0, 'the units');
    const full: Operation = { op: 'lstm', ...operation };
    const state = (output: number) => this.#output(this.#stateShape(operation, units), full, output);
    return [this.#output(this.#outputShape(operation, units), full, 0), state(1), state(2)];
  }

  gru(operation: Omit<GruOperation, 'op'>): [output: Value, h: Value] {
    const units = knownLength(operation.recurrent.shape, 0, 'the units');
    const full: Operation = { op: 'gru', ...operation };
    return [
      this.#output(this.#outputShape(operation, units), full, 0),
      this.#output(this.#stateShape(operation, units), full, 1),
    ];
  }

  rnn(operation: Omit<RnnOperation, 'op'>): [output: Value, h: Value] {
    const units = knownLength(operation.recurrent.shape, 0, 'the units');
    const full: Operation = { op: 'rnn', ...operation };
    return [
      this.#output(this.#outputShape(operation, units), full, 0),
      this.#output(this.#stateShape(operation, units), full, 1),
    ];
  }

  /**
   * Runs a body once for each entry along the first axis of the sequences.
   *
   * @param body Takes the states and one entry of each sequence, and returns the next states and what is collected.
   * @returns The last states, and the collected rows along a new first axis.
   */
  scan(
    states: readonly Value[],
    sequences: readonly Value[],
    body: (states: Value[], entries: Value[]) => { states: readonly Value[]; rows: readonly Value[] },
  ): { states: Value[]; rows: Value[] } {
    const steps = sequences[0]?.shape[0];
    if (steps === undefined) throw new GraphError('scan needs a sequence');
    const inner = states.map(({ shape, dtype }) => newValue(shape, dtype, { kind: 'step' }));
    const entries = sequences.map(({ shape, dtype }) => newValue(shape.slice(1), dtype, { kind: 'step' }));
    const next = body(inner, entries);
    const operation: Operation = {
      op: 'scan',
      states,
      sequences,
      body: { states: inner, entries, nextStates: next.states, rows: next.rows },
    };
    // A length that only a step of the body knows cannot be read outside: there, it is that of the collected rows.
    const outside = [
      ...states.map(({ shape }) => shape),
      ...sequences.map(({ shape }) => shape.slice(1)),
    ].flat();
    const known = (length: Dimension) =>
      typeof length === 'number' || outside.some((other) => sameLength(other, length)) ? length : null;
    return {
      states: states.map(({ shape, dtype }, index) => this.#output(shape, operation, index, dtype)),
      rows: next.rows.map(({ shape, dtype }, index) =>
        this.#output([steps, ...shape.map(known)], operation, states.length + index, dtype),
      ),
    };
  }

  #outputShape({ x, sequences }: { x: Value; sequences: boolean }, units: number): Shape {
    const [batch = 1, time = 1] = x.shape;
    return sequences ? [batch, time, units] : [batch, units];
  }

  #stateShape({ x }: { x: Value }, units: number): Shape {
    return [x.shape[0] ?? 1, units];
  }

  #output(
    shape: readonly (Dimension | null)[],
    operation: Operation,
    output: number,
    dtype: DType = 'float32',
  ): Value {
    return newValue(shape, dtype, { kind: 'operation', operation, output });
  }

  #of(shape: readonly (Dimension | null)[], dtype: DType, operation: Operation): Value {
    return newValue(shape, dtype, { kind: 'operation', operation, output: 0 });
  }

  /** Brings two operands to one type: the wider of the two. */
  #promoted(a: Operand, b: Operand): [Value, Value] {
    const dtypeFor = (number: number, other: Value): DType =>
      other.dtype === 'float32' || !Number.isInteger(number)
        ? 'float32'
        : other.dtype === 'bool'
          ? 'int32'
          : other.dtype;
    if (typeof a === 'number' && typeof b === 'number') return [this.scalar(a), this.scalar(b)];
    const x = typeof a === 'number' ? this.scalar(a, typeof b === 'number' ? 'float32' : dtypeFor(a, b)) : a;
    const y = typeof b === 'number' ? this.scalar(b, dtypeFor(b, x)) : b;
    const dtype = wider(x.dtype, y.dtype);
    return [this.cast(x, dtype), this.cast(y, dtype)];
  }

  #bool(x: Operand): Value {
    return typeof x === 'number' ? this.scalar(x === 0 ? 0 : 1, 'bool') : this.cast(x, 'bool');
  }

  #windows(rank: number, { strides = 1, dilations = 1, padding = 'valid' }: WindowOptions): Windows {
    const all = (setting: number | readonly number[]) =>
      typeof setting === 'number' ? Array<number>(rank).fill(setting) : setting;
    return {
      strides: all(strides),
      dilations: all(dilations),
      padding: padding === 'valid' ? Array.from({ length: rank }, () => [0, 0] as const) : padding,
    };
  }

  #slid(
    { shape }: Value,
    size: readonly number[],
    { strides, dilations, padding }: Windows,
  ): (Dimension | null)[] {
    const [batch = 1, ...rest] = shape.slice(0, -1);
    const spatial = rest.map((length, axis) =>
      windowLength(length, {
        size: size[axis] ?? 1,
        stride: strides[axis] ?? 1,
        dilation: dilations[axis] ?? 1,
        padding: paddingAlong(padding, axis),
      }),
    );
    return [batch, ...spatial];
  }

  /** Computes the length that is -1, if the others are known. */
  #withoutRest(from: Shape, to: readonly Dimension[]): (Dimension | null)[] {
    const at = to.indexOf(-1);
    if (at < 0) return [...to];
    const left = [...from];
    const others = to.filter((_, axis) => axis !== at);
    // Lengths that are only known when the model runs cancel out where they are the same.
    const numbers = others.filter((length) => {
      const index = typeof length === 'number' ? -1 : left.findIndex((other) => sameLength(other, length));
      if (index >= 0) left.splice(index, 1);
      return index < 0;
    });
    const [total, known] = [elementsOf(left), elementsOf(numbers)];
    if (total !== undefined && known !== undefined && known > 0) {
      if (total % known !== 0)
        throw new GraphError(
          `${showShape(from)} cannot be reshaped to (${to.map((length) => (typeof length === 'number' ? length : '?')).join(', ')})`,
        );
      return to.with(at, total / known);
    }
    const [only] = left.filter((length) => typeof length !== 'number');
    const rest = left.filter((length) => typeof length === 'number').reduce((a, b) => a * b, 1);
    const one = only !== undefined && left.filter((length) => typeof length !== 'number').length === 1;
    const result: (Dimension | null)[] = [...to];
    result[at] = one && known !== undefined && rest === known ? only : null;
    return result;
  }
}

/** The type that can hold both. Strings are only compared with strings. */
function wider(a: DType, b: DType): DType {
  if ((a === 'string') !== (b === 'string')) throw new GraphError('text and numbers cannot be combined');
  return RANKS[a] >= RANKS[b] ? a : b;
}

function typeOf(data: Numbers | readonly number[]): DType {
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof BigInt64Array) return 'int64';
  if (data instanceof Uint8Array) return 'bool';
  return typeof data[0] === 'string' ? 'string' : 'float32';
}

function toNumbers(data: Numbers | readonly number[], dtype: DType): Numbers {
  if (
    data instanceof Float32Array ||
    data instanceof Int32Array ||
    data instanceof BigInt64Array ||
    data instanceof Uint8Array
  ) {
    return data;
  }
  const entries: readonly (string | number)[] = data;
  const numbers = entries.map(Number);
  switch (dtype) {
    case 'float32':
      return Float32Array.from(numbers);
    case 'int32':
      return Int32Array.from(numbers);
    case 'int64':
      return BigInt64Array.from(numbers, (number) => BigInt(number));
    case 'bool':
      return Uint8Array.from(numbers);
    case 'string':
      return entries.map(String);
  }
}

/** Length of a slice, as Python counts it. */
export function slicedLength(length: number, { start, end, step }: SliceRange): number {
  const clamp = (position: number) => {
    const at = position < 0 ? position + length : position;
    return step > 0 ? Math.min(Math.max(at, 0), length) : Math.min(Math.max(at, -1), length - 1);
  };
  const first = clamp(start);
  const last = end === undefined ? (step > 0 ? length : -1) : clamp(end);
  return Math.max(0, Math.ceil((last - first) / step));
}
