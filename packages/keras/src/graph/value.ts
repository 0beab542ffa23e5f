import type { Dimension, DType, Shape, Source, Value } from './operations.js';

export type { Dimension, DType, Numbers, Shape, Source, Value, WeightSlot } from './operations.js';

/** Makes a value. A `null` in the shape becomes the length of that dimension of this value. */
export function newValue(shape: readonly (Dimension | null)[], dtype: DType, source: Source): Value {
  const lengths: Dimension[] = [];
  const value: Value = { shape: lengths, dtype, source };
  for (const [axis, length] of shape.entries()) lengths.push(length ?? { of: value, axis });
  return value;
}

/** Whether the two lengths are known to be equal. */
export function sameLength(a: Dimension | undefined, b: Dimension | undefined): boolean {
  if (typeof a === 'object' && typeof b === 'object') return a.of === b.of && a.axis === b.axis;
  return a === b;
}

/** The shape as the user sees it, with `null` for each length that is known only when the model runs. */
export function publicShape(shape: Shape): (number | null)[] {
  return shape.map((length) => (typeof length === 'number' ? length : null));
}

/** The shape for messages, for example `(?, 224, 224, 3)`. */
export function showShape(shape: readonly (Dimension | null)[]): string {
  return `(${shape.map((length) => (typeof length === 'number' ? length : '?')).join(', ')})`;
}
