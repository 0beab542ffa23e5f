import type { StoredArray, StoredWeights } from '../containers/container.js';
import { ModelFileError } from '../errors.js';
import type { WeightSlot } from '../graph/value.js';
import type { LayerState } from '../layers/lower-model.js';
import { type BindContext, fits, wrongShape } from './bind-context.js';
import { bindLayers } from './bind-layers.js';
import { bindNames } from './bind-names.js';
import { bindTree } from './bind-tree.js';
import { derived } from './derived.js';

/** The stored weight of each weight that the graph needs. */
export type Binding = ReadonlyMap<WeightSlot, StoredArray>;

/**
 * Finds the stored weight of each weight of a model, and checks its shape.
 *
 * @throws {ModelFileError} When the file lacks one, has one too many, or has another shape.
 */
export function bindWeights(file: string, state: LayerState, stored: StoredWeights): Binding {
  const binding = new Map<WeightSlot, StoredArray>();
  const rotated = stored.kind === 'layers' && stored.rotated;
  const context: BindContext = {
    file,
    bind(slot, array) {
      if (!fits(slot, array)) throw wrongShape(file, slot, array);
      binding.set(slot, rotated && slot.convolution ? rotatedBack(array) : array);
    },
    missing: (slot) =>
      new ModelFileError(
        'ERR_KERAS_MISSING_WEIGHT',
        `Layer ${slot.layer}: the file has no weight for its ${slot.name} of shape (${slot.shape.join(', ')}): ${file}`,
        { file, layer: slot.layer, weight: slot.name, expected: slot.shape },
      ),
  };
  switch (stored.kind) {
    case 'layers':
      bindLayers(context, state, stored);
      break;
    case 'tree':
      bindTree(context, state, stored.arrays);
      break;
    case 'names':
      bindNames(context, state, stored.arrays);
      break;
  }
  return binding;
}

/** A kernel that was kept for a true convolution, as that of a correlation. */
function rotatedBack(array: StoredArray): StoredArray {
  const axes = array.shape.slice(0, -2).map((_, axis) => axis);
  return derived([array], (build, [kernel]) => (kernel === undefined ? undefined : build.flip(kernel, axes)));
}
