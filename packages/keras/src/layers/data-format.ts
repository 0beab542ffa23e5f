import type { Builder } from '../graph/builder.js';
import type { Value } from '../graph/value.js';

/** Moves the channels from position 1 to the end, if the layer has them there. */
export function channelsLast(build: Builder, x: Value, first: boolean): Value {
  if (!first) return x;
  const rank = x.shape.length;
  return build.transpose(x, [0, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 2), 1]);
}

/** Moves the channels back to position 1, if the layer has them there. */
export function restored(build: Builder, x: Value, first: boolean): Value {
  if (!first || x.shape.length < 3) return x;
  const rank = x.shape.length;
  return build.transpose(x, [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 1)]);
}
