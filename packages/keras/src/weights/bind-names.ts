import type { StoredArray } from '../containers/container.js';
import type { WeightSlot } from '../graph/value.js';
import type { LayerState } from '../layers/lower-model.js';
import { type BindContext, fits, roleOf } from './bind-context.js';

/** Finds weights by names such as `model/dense_1/kernel`, in which the names of the layers around may stand. */
export function bindNames(context: BindContext, state: LayerState, arrays: readonly StoredArray[]): void {
  const free = new Set(arrays);
  for (const { slot, layers } of slotsWithLayers(state, [])) {
    const candidates = [...free]
      .map((array) => ({ array, score: scoreOf(array, slot, layers) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score);
    const best = candidates.find(({ array }) => fits(slot, array)) ?? candidates[0];
    if (best === undefined) throw context.missing(slot);
    context.bind(slot, best.array);
    free.delete(best.array);
  }
}

function* slotsWithLayers(
  state: LayerState,
  above: readonly string[],
): Generator<{ slot: WeightSlot; layers: readonly string[] }> {
  const layers = [...above, state.spec.name];
  for (const { slot } of state.weights) yield { slot, layers };
  for (const child of state.children.values()) yield* slotsWithLayers(child, layers);
}

/** How many of the layers around a weight its name names. The role, and one of the two innermost layers, must agree. */
function scoreOf(array: StoredArray, slot: WeightSlot, layers: readonly string[]): number {
  if (roleOf(array.path) !== slot.name) return 0;
  const parts = array.path.split('/').slice(0, -1);
  const named = layers.filter(
    (layer) => layer !== '' && (parts.includes(layer) || array.path.startsWith(`${layer}/`)),
  );
  const inner = layers.slice(-2).some((layer) => named.includes(layer));
  return inner ? 1 + named.length : 0;
}
