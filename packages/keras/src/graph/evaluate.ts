import { inputsOf } from './inputs.js';
import type { BinaryFunction, Operation, UnaryFunction } from './operations.js';
import { broadcastShapes, elementsOf } from './shapes.js';
import type { Dimension, DType, Numbers, Value, WeightSlot } from './value.js';

/** Numbers of a value that is known before the model runs. */
export interface Constant {
  shape: readonly number[];
  data: Numbers;
}

/** The functions that are worth computing in advance: those that prepare weights. */
const UNARY: Partial<Record<UnaryFunction, (x: number) => number>> = {
  abs: Math.abs,
  exp: Math.exp,
  floor: Math.floor,
  log: Math.log,
  negative: (x) => -x,
  reciprocal: (x) => 1 / x,
  sqrt: Math.sqrt,
};
const BINARY: Partial<Record<BinaryFunction, (x: number, y: number) => number>> = {
  add: (x, y) => x + y,
  divide: (x, y) => x / y,
  maximum: Math.max,
  minimum: Math.min,
  multiply: (x, y) => x * y,
  power: (x, y) => x ** y,
  subtract: (x, y) => x - y,
};

/**
 * Computes what depends only on weights and literals, so that an engine need not compute it for each prediction. Only
 * the few operations that prepare weights are known.
 */
export class Constants {
  readonly #weightOf: (slot: WeightSlot) => Numbers;
  readonly #known = new Map<Value, boolean>();

  constructor(weightOf: (slot: WeightSlot) => Numbers) {
    this.#weightOf = weightOf;
  }

  /** Whether the value can be computed in advance. */
  has(value: Value): boolean {
    let known = this.#known.get(value);
    if (known === undefined) {
      const { source } = value;
      known =
        source.kind === 'literal' ||
        source.kind === 'weight' ||
        (source.kind === 'operation' &&
          isKnown(source.operation) &&
          elementsOf(value.shape) !== undefined &&
          inputsOf(source.operation).every((input) => this.has(input)));
      this.#known.set(value, known);
    }
    return known;
  }

  /** Computes a value for which `has` is true. */
  get(value: Value): Constant {
    const shape = value.shape.map(numberOf);
    const { source } = value;
    if (source.kind === 'literal') return { shape, data: source.data };
    if (source.kind === 'weight') return { shape, data: this.#weightOf(source.slot) };
    if (source.kind !== 'operation') throw new Error(`an input of kind ${source.kind} is not a constant`);
    return this.#compute(source.operation, shape, value.dtype);
  }

  #compute(operation: Operation, shape: readonly number[], dtype: DType): Constant {
    switch (operation.op) {
      case 'unary': {
        const fn = UNARY[operation.fn] ?? unknown(operation.fn);
        return { shape, data: map(this.get(operation.x).data, fn, dtype) };
      }
      case 'binary': {
        const fn = BINARY[operation.fn] ?? unknown(operation.fn);
        return combine(this.get(operation.a), this.get(operation.b), fn, dtype);
      }
      case 'cast':
        return {
          shape,
          data: map(this.get(operation.x).data, dtype === 'float32' ? (x) => x : Math.trunc, dtype),
        };
      case 'reshape':
        return { shape, data: this.get(operation.x).data };
      case 'transpose':
        return transpose(this.get(operation.x), operation.permutation);
      case 'slice': {
        const x = this.get(operation.x);
        const starts = x.shape.map(() => 0);
        const steps = x.shape.map(() => 1);
        for (const range of operation.ranges) {
          const length = x.shape[range.axis] ?? 0;
          const at = range.start < 0 ? range.start + length : range.start;
          starts[range.axis] = Math.min(Math.max(at, 0), Math.max(0, length - 1));
          steps[range.axis] = range.step;
        }
        return pick(x, shape, starts, steps);
      }
      case 'concat':
        return join(
          operation.inputs.map((input) => this.get(input)),
          operation.axis,
          dtype,
        );
      default:
        return unknown(operation.op);
    }
  }
}

function isKnown(operation: Operation): boolean {
  switch (operation.op) {
    // Numbers of JavaScript cannot hold all integers of 64 bits.
    case 'unary':
      return operation.fn in UNARY && operation.x.dtype !== 'int64';
    case 'binary':
      return operation.fn in BINARY && operation.a.dtype !== 'int64';
    case 'cast':
      return operation.dtype !== 'bool';
    case 'reshape':
    case 'transpose':
    case 'slice':
    case 'concat':
      return true;
    default:
      return false;
  }
}

function unknown(name: string): never {
  throw new Error(`${name} is not computed in advance`);
}

function numberOf(length: Dimension): number {
  if (typeof length !== 'number') throw new Error('a constant has a known shape');
  return length;
}

function allocate(dtype: DType, length: number): Float32Array | Int32Array | BigInt64Array | Uint8Array {
  switch (dtype) {
    case 'float32':
      return new Float32Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'int64':
      return new BigInt64Array(length);
    default:
      return new Uint8Array(length);
  }
}

function put(target: ReturnType<typeof allocate>, at: number, number: number): void {
  if (target instanceof BigInt64Array) target[at] = BigInt(number);
  else target[at] = number;
}

function map(data: Numbers, fn: (x: number) => number, dtype: DType): Numbers {
  const result = allocate(dtype, data.length);
  for (let at = 0; at < data.length; at++) put(result, at, fn(Number(data[at])));
  return result;
}

/** Distance between neighbours along each axis. */
function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--)
    strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  return strides;
}

function combine(a: Constant, b: Constant, fn: (x: number, y: number) => number, dtype: DType): Constant {
  const shape = broadcastShapes(a.shape, b.shape).map((length) => numberOf(length ?? 0));
  const [stepsA, stepsB] = [a, b].map((operand) => {
    const own = stridesOf(operand.shape);
    const missing = shape.length - operand.shape.length;
    return shape.map((_, axis) => (operand.shape[axis - missing] === 1 ? 0 : (own[axis - missing] ?? 0)));
  });
  const result = allocate(dtype, elementsOf(shape) ?? 0);
  const [lastA, lastB] = [stepsA?.at(-1) ?? 0, stepsB?.at(-1) ?? 0];
  const length = shape.at(-1) ?? 1;
  let at = 0;
  if (a.data instanceof Float32Array && b.data instanceof Float32Array && result instanceof Float32Array) {
    // Weights have millions of numbers: without a look at the types for each, this takes a fifth of the time.
    const [x, y] = [a.data, b.data];
    walk(shape.slice(0, -1), [stepsA ?? [], stepsB ?? []], ([fromX = 0, fromY = 0]) => {
      for (let entry = 0; entry < length; entry++) {
        result[at++] = fn(x[fromX + entry * lastA] ?? NaN, y[fromY + entry * lastB] ?? NaN);
      }
    });
    return { shape, data: result };
  }
  walk(shape.slice(0, -1), [stepsA ?? [], stepsB ?? []], ([x = 0, y = 0]) => {
    for (let entry = 0; entry < length; entry++) {
      put(result, at++, fn(Number(a.data[x + entry * lastA]), Number(b.data[y + entry * lastB])));
    }
  });
  return { shape, data: result };
}

/** Visits all positions of a shape in row-major order, with one offset for each list of steps. */
function walk(
  shape: readonly number[],
  steps: readonly (readonly number[])[],
  visit: (offsets: readonly number[]) => void,
): void {
  if (shape.includes(0)) return;
  const offsets = steps.map(() => 0);
  const position = shape.map(() => 0);
  for (;;) {
    visit(offsets);
    let axis = shape.length - 1;
    for (; axis >= 0; axis--) {
      const length = shape[axis] ?? 1;
      position[axis] = (position[axis] ?? 0) + 1;
      for (const [index, step] of steps.entries()) offsets[index] = (offsets[index] ?? 0) + (step[axis] ?? 0);
      if ((position[axis] ?? 0) < length) break;
      position[axis] = 0;
      for (const [index, step] of steps.entries())
        offsets[index] = (offsets[index] ?? 0) - (step[axis] ?? 0) * length;
    }
    if (axis < 0) return;
  }
}

/** An array of the type of `like`, and a function that copies an entry from another one of this type into it. */
function emptyLike(
  like: Numbers,
  length: number,
): { result: Numbers; copy: (to: number, from: Numbers, at: number) => void } {
  if (like instanceof Float32Array) return copier(new Float32Array(length), 0);
  if (like instanceof Int32Array) return copier(new Int32Array(length), 0);
  if (like instanceof Uint8Array) return copier(new Uint8Array(length), 0);
  if (like instanceof BigInt64Array) {
    const result = new BigInt64Array(length);
    return { result, copy: (to, from, at) => (result[to] = BigInt(from[at] ?? 0)) };
  }
  const result = Array<string>(length).fill('');
  return { result, copy: (to, from, at) => (result[to] = String(from[at])) };
}

function copier<T extends Float32Array | Int32Array | Uint8Array>(result: T, missing: number) {
  return {
    result,
    copy: (to: number, from: Numbers, at: number) => {
      result[to] = Number(from[at] ?? missing);
    },
  };
}

/** Moves entries of any type. `steps` and `first` give the position in `data` of each entry in order. */
function moved(
  data: Numbers,
  length: number,
  shape: readonly number[],
  steps: readonly number[],
  first: number,
): Numbers {
  const { result, copy } = emptyLike(data, length);
  const [step, entries] = [steps.at(-1) ?? 0, shape.at(-1) ?? 1];
  let to = 0;
  walk(shape.slice(0, -1), [steps], ([offset = 0]) => {
    for (let entry = 0; entry < entries; entry++) copy(to++, data, first + offset + entry * step);
  });
  return result;
}

export function transpose({ shape, data }: Constant, permutation: readonly number[]): Constant {
  const own = stridesOf(shape);
  const target = permutation.map((axis) => shape[axis] ?? 1);
  const steps = permutation.map((axis) => own[axis] ?? 1);
  return { shape: target, data: moved(data, data.length, target, steps, 0) };
}

function pick(
  x: Constant,
  shape: readonly number[],
  starts: readonly number[],
  steps: readonly number[],
): Constant {
  const own = stridesOf(x.shape);
  const first = starts.reduce((sum, start, axis) => sum + start * (own[axis] ?? 1), 0);
  const moves = steps.map((step, axis) => step * (own[axis] ?? 1));
  return { shape, data: moved(x.data, elementsOf(shape) ?? 0, shape, moves, first) };
}

function join(parts: readonly Constant[], axis: number, dtype: DType): Constant {
  const [first] = parts;
  if (first === undefined) return { shape: [0], data: allocate(dtype, 0) };
  const total = parts.reduce((sum, part) => sum + (part.shape[axis] ?? 0), 0);
  const shape = first.shape.with(axis, total);
  const { result, copy } = emptyLike(first.data, elementsOf(shape) ?? 0);
  const after = first.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const before = first.shape.slice(0, axis).reduce((a, b) => a * b, 1);
  let done = 0;
  for (const part of parts) {
    const run = (part.shape[axis] ?? 0) * after;
    for (let row = 0; row < before; row++) {
      for (let at = 0; at < run; at++) copy(row * total * after + done + at, part.data, row * run + at);
    }
    done += run;
  }
  return { shape, data: result };
}
