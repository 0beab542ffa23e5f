import type { StoredArray } from '../containers/container.js';
import { Builder } from '../graph/builder.js';
import { Constants } from '../graph/evaluate.js';
import { newValue, type Numbers, type Value, type WeightSlot } from '../graph/value.js';

/**
 * A weight that is computed from stored ones.
 *
 * @param compute Makes the weight from values that stand for the stored ones.
 */
export function derived(
  sources: readonly StoredArray[],
  compute: (build: Builder, stored: readonly Value[]) => Value | undefined,
): StoredArray {
  const slots = sources.map(({ path, shape }): WeightSlot => ({
    name: path,
    layer: '',
    shape,
    dtype: 'float32',
    convolution: false,
  }));
  const stored = slots.map((slot) => newValue(slot.shape, 'float32', { kind: 'weight', slot }));
  const value = compute(new Builder(), stored);
  if (value === undefined) throw new Error('an old form makes each weight');
  return {
    path: sources.map(({ path }) => path).join(', '),
    shape: value.shape.map(Number),
    bytes: sources.reduce((sum, { bytes }) => sum + bytes, 0),
    compressed: sources.some(({ compressed }) => compressed),
    async read(options) {
      const data = new Map<WeightSlot, Numbers>();
      for (const [index, source] of sources.entries()) {
        const slot = slots[index];
        if (slot !== undefined) data.set(slot, await source.read(options));
      }
      const { data: result } = new Constants((slot) => data.get(slot) ?? new Float32Array(0)).get(value);
      return result instanceof Float32Array ? result : Float32Array.from(result, Number);
    },
  };
}
