import { isList } from '../../../config/json.js';
import type { Builder } from '../../../graph/builder.js';
import type { Dimension, Value } from '../../../graph/value.js';
import { type CallArgument, UnsupportedError } from '../../layer.js';

/**
 * The lengths that a tensor holds, if it was made by `tf.shape` or taken from such a tensor. Programs reshape by them;
 * here, shapes are known when the graph is built.
 */
const LENGTHS = new WeakMap<Value, Dimension | readonly Dimension[]>();

/** Makes a tensor of lengths and remembers them. */
export function lengthsAsTensor(build: Builder, lengths: Dimension | readonly Dimension[]): Value {
  const list = isOne(lengths) ? [lengths] : lengths;
  const scalars = list.map((length) => build.length(length));
  const [only] = scalars;
  const value =
    isOne(lengths) && only !== undefined
      ? only
      : build.concat(
          scalars.map((scalar) => build.expandDims(scalar, 0)),
          0,
        );
  LENGTHS.set(value, lengths);
  return value;
}

export function lengthsIn(value: Value): Dimension | readonly Dimension[] | undefined {
  return LENGTHS.get(value);
}

export function remember(value: Value, lengths: Dimension | readonly Dimension[]): Value {
  LENGTHS.set(value, lengths);
  return value;
}

function isOne(lengths: Dimension | readonly Dimension[]): lengths is Dimension {
  return !Array.isArray(lengths);
}

/** The lengths of a list of shapes and single lengths, one after the other, if all are known. */
export function joinedLengths(items: readonly CallArgument[]): Dimension[] | undefined {
  const lengths: Dimension[] = [];
  let any = false;
  for (const item of items) {
    if (item.kind === 'list') return undefined;
    if (item.kind === 'tensor') {
      const known = lengthsIn(item.tensor.value);
      if (known === undefined) return undefined;
      lengths.push(...(isOne(known) ? [known] : known));
      any = true;
    } else if (typeof item.value === 'number') lengths.push(item.value);
    else if (isList(item.value) && item.value.every((entry) => typeof entry === 'number'))
      lengths.push(...item.value.map(Number));
    else return undefined;
  }
  return any ? lengths : undefined;
}

/** A single length: a number, or a tensor that holds one. */
export function lengthOf(given: CallArgument): Dimension {
  if (given.kind === 'value' && typeof given.value === 'number') return given.value;
  const known = given.kind === 'tensor' ? lengthsIn(given.tensor.value) : undefined;
  if (known !== undefined && isOne(known)) return known;
  const [only] = known === undefined || isOne(known) ? [] : known;
  if (only !== undefined) return only;
  throw new UnsupportedError('it computes a shape from numbers that are only known when the model runs');
}

/** A shape: numbers, a list with tensors, or a tensor that `tf.shape` made. */
export function shapeArgument(given: CallArgument | undefined): Dimension[] {
  if (given === undefined) return [];
  if (given.kind === 'list') return given.items.map(lengthOf);
  if (given.kind === 'value' && isList(given.value))
    return given.value.map((value) => lengthOf({ kind: 'value', value }));
  const known = given.kind === 'tensor' ? lengthsIn(given.tensor.value) : undefined;
  if (known !== undefined && !isOne(known)) return [...known];
  return [lengthOf(given)];
}
