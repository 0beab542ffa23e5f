import type { StoredArray } from '../containers/container.js';
import { ModelFileError } from '../errors.js';
import type { WeightSlot } from '../graph/value.js';
import type { LayerState } from '../layers/lower-model.js';

/** What the ways of finding weights have in common. */
export interface BindContext {
  file: string;
  bind(slot: WeightSlot, array: StoredArray): void;
  missing(slot: WeightSlot): ModelFileError;
}

export function fits(slot: WeightSlot, array: StoredArray): boolean {
  return slot.shape.join() === array.shape.join();
}

export function wrongShape(file: string, slot: WeightSlot, array: StoredArray): ModelFileError {
  return new ModelFileError(
    'ERR_KERAS_WRONG_SHAPE',
    `Layer ${slot.layer}: the ${slot.name} must have shape (${slot.shape.join(', ')}), but the file has (${array.shape.join(', ')}): ${file}`,
    { file, layer: slot.layer, weight: array.path, expected: slot.shape, actual: array.shape },
  );
}

/** All weights of a layer and of those inside it. */
export function slotsIn(state: LayerState): WeightSlot[] {
  return [...state.weights.map(({ slot }) => slot), ...[...state.children.values()].flatMap(slotsIn)];
}

/** `conv1/kernel_2:0` is a kernel. */
export function roleOf(path: string): string {
  return (path.split('/').at(-1) ?? '').replace(/:\d+$/u, '').replace(/_\d+$/u, '');
}
