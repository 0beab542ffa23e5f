import type { Padding } from './operations.js';
import { type Dimension, sameLength, type Shape, showShape } from './value.js';

/** The graph cannot be built: shapes, types or settings do not fit. The message says which, without a layer's name. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
}

/** Turns an axis that may count from the end into one that counts from the start. */
export function axisOf(axis: number, rank: number, what = 'axis'): number {
  const result = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || result < 0 || result >= rank) {
    throw new GraphError(`${what} ${axis} is outside a tensor of ${rank} dimensions`);
  }
  return result;
}

/** The shape of an operation on several values, whose dimensions of length 1 are repeated as in NumPy. */
export function broadcastShapes(...shapes: Shape[]): (Dimension | null)[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const lengths = shapes
      .map((shape) => shape[axis - rank + shape.length] ?? 1)
      .filter((length) => length !== 1);
    const [first = 1, ...others] = lengths;
    const number = lengths.find((length) => typeof length === 'number');
    if (lengths.some((length) => typeof length === 'number' && length !== number)) {
      throw new GraphError(`shapes ${shapes.map(showShape).join(' and ')} cannot be broadcast to one`);
    }
    // A length that is known only when the model runs is 1 or equal to the others.
    if (number !== undefined) return number;
    return others.every((other) => sameLength(first, other)) ? first : null;
  });
}

/** Number of entries, or `undefined` if it is known only when the model runs. */
export function elementsOf(shape: Shape): number | undefined {
  let product = 1;
  for (const length of shape) {
    if (typeof length !== 'number') return undefined;
    product *= length;
  }
  return product;
}

/** The length of a dimension that must be known. */
export function knownLength(shape: Shape, axis: number, what: string): number {
  const length = shape[axisOf(axis, shape.length)];
  if (typeof length === 'number') return length;
  throw new GraphError(`${what} must have a known length, but the shape is ${showShape(shape)}`);
}

/** Length of a window with holes. */
export function reach(size: number, dilation: number): number {
  return (size - 1) * dilation + 1;
}

/** Length after a window operation along one dimension. `null` if it is known only when the model runs. */
export function windowLength(
  length: Dimension,
  window: { size: number; stride: number; dilation: number; padding: readonly [number, number] | 'same' },
): Dimension | null {
  const { size, stride, dilation, padding } = window;
  if (padding === 'same') {
    if (stride === 1) return length;
    return typeof length === 'number' ? Math.ceil(length / stride) : null;
  }
  const total = padding[0] + padding[1] - reach(size, dilation);
  if (stride === 1 && total === -1) return length;
  if (typeof length !== 'number') return null;
  const result = Math.floor((length + total) / stride) + 1;
  if (result < 0 || (result < 1 && length > 0)) {
    throw new GraphError(`a window of ${reach(size, dilation)} entries does not fit into ${length}`);
  }
  return result;
}

/** Padding along one spatial dimension. */
export function paddingAlong(padding: Padding, axis: number): readonly [number, number] | 'same' {
  return padding === 'same' ? 'same' : (padding[axis] ?? [0, 0]);
}

/** What `same` means for a known length. Source: TensorFlow, "Notes on padding". */
export function samePadding(
  length: number,
  size: number,
  stride: number,
  dilation: number,
): [number, number] {
  const total = Math.max(0, (Math.ceil(length / stride) - 1) * stride + reach(size, dilation) - length);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}
