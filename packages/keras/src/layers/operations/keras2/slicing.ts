import { isList, isObject } from '../../../config/json.js';
import { SLICE } from '../../../config/parse-model.js';
import type { Dimension, Value } from '../../../graph/value.js';
import { type CallArgument, type LayerCall, type Lowered, UnsupportedError } from '../../layer.js';
import { type KeyEntry, taken } from '../indexing.js';
import { lengthsIn, remember } from './lengths.js';

/** A bound of a slice: nothing, a number, or a length of a tensor. */
function bound(given: CallArgument | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (given.kind === 'value') return typeof given.value === 'number' ? given.value : undefined;
  const known = given.kind === 'tensor' ? lengthsIn(given.tensor.value) : undefined;
  if (typeof known === 'number') return known;
  throw new UnsupportedError('its slice ends at a position that is only known when the model runs');
}

function entryOf(given: CallArgument): KeyEntry {
  if (given.kind === 'tensor') {
    const known = lengthsIn(given.tensor.value);
    return { kind: 'index', at: typeof known === 'number' ? known : given.tensor.value };
  }
  if (given.kind === 'list') {
    const [mark, start, end, step] = given.items;
    if (mark?.kind !== 'value' || mark.value !== SLICE)
      throw new UnsupportedError('its key holds a list with tensors');
    return { kind: 'slice', start: bound(start), end: bound(end), step: bound(step) ?? 1 };
  }
  const { value } = given;
  if (value === null || value === undefined) return { kind: 'newAxis' };
  if (typeof value === 'number') return { kind: 'index', at: value };
  if (isObject(value)) {
    if (value['class_name'] === '__ellipsis__') return { kind: 'ellipsis' };
    if ('start' in value || 'stop' in value) {
      const part = (key: string) => bound({ kind: 'value', value: value[key] });
      return { kind: 'slice', start: part('start'), end: part('stop'), step: part('step') ?? 1 };
    }
  }
  throw new UnsupportedError(`its key holds ${JSON.stringify(value)}`);
}

function keyOf(given: CallArgument | undefined): KeyEntry[] {
  if (given === undefined) return [];
  if (given.kind === 'list' && !(given.items[0]?.kind === 'value' && given.items[0].value === SLICE))
    return given.items.map(entryOf);
  if (given.kind === 'value' && isList(given.value))
    return given.value.map((value) => entryOf({ kind: 'value', value }));
  return [entryOf(given)];
}

/** The lengths that a part of a shape holds. */
function lengthsAt(
  lengths: readonly Dimension[],
  key: readonly KeyEntry[],
): Dimension | readonly Dimension[] | undefined {
  const [entry] = key;
  if (key.length !== 1 || entry === undefined) return undefined;
  if (entry.kind === 'index' && typeof entry.at === 'number') return lengths.at(entry.at);
  if (entry.kind === 'slice' && entry.step === 1) return lengths.slice(entry.start ?? 0, entry.end);
  return undefined;
}

/** `tensor[key]`, in files of Keras 2. Source: `SlicingOpLambda` of `tf_keras/src/layers/core/tf_op_layer.py`. */
export function sliced(call: LayerCall, x: Value, key: CallArgument | undefined): Lowered {
  const entries = keyOf(key);
  const result = taken(call.build, x, entries);
  const lengths = lengthsIn(x);
  const part = isList(lengths) ? lengthsAt(lengths, entries) : undefined;
  return part === undefined ? result : remember(result, part);
}
