import type { Value } from '../graph/value.js';
import type { LayerCall, OldForm } from './layer.js';
import { count, number, optionalNumber } from './settings.js';

/**
 * In `.keras` files, Keras adds the low-rank part of a kernel to it. HDF5 files keep both, and the parts before the
 * kernel, which is not trained.
 *
 * Source: `enable_lora` of `keras/src/layers/core/dense.py`.
 *
 * @param call A call of a layer that declares the kernel first.
 */
export function loraForms(call: LayerCall): OldForm[] {
  if (optionalNumber(call, 'lora_rank') === undefined) return [];
  const rank = count(call, 'lora_rank');
  const scale = number(call, 'lora_alpha', rank) / rank;
  return [
    {
      shapes: ([kernel = [], ...more]) => [
        ...more,
        [...kernel.slice(0, -1), rank],
        [rank, kernel.at(-1) ?? 1],
        kernel,
      ],
      combine: (build, stored) => {
        const [left, right, kernel] = stored.slice(-3);
        if (left === undefined || right === undefined || kernel === undefined)
          throw new Error('an old form has all its weights');
        const part = (at: number): Value =>
          build.multiply(
            build.slice(left, [{ axis: -1, start: at, end: at + 1 }]),
            build.slice(right, [{ axis: 0, start: at, end: at + 1 }]),
          );
        const parts = Array.from({ length: rank }, (_, at) => part(at));
        const sum = build.multiply(
          parts.reduce((a, b) => build.add(a, b)),
          scale,
        );
        return [build.add(kernel, build.reshape(sum, kernel.shape)), ...stored.slice(0, -3)];
      },
    },
  ];
}
