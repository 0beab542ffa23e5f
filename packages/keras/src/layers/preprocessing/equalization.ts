import { knownLength } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { channelsLast, restored } from '../data-format.js';
import { inputOf, type LayerCall, type Lowered, runs } from '../layer.js';
import { axes, channelsFirst, integers, number } from '../settings.js';

const LEVELS = 256;

/**
 * Spreads the numbers of each channel over the whole range, by what is around each pixel (CLAHE): each tile of the image
 * has a curve of its own, and each pixel takes the mean of the curves of the four tiles next to it.
 *
 * Source: `keras/src/layers/preprocessing/image_preprocessing/clahe.py`.
 */
function adaptiveEqualization(call: LayerCall): Lowered {
  const { build } = call;
  const first = channelsFirst(call);
  const x = channelsLast(build, build.cast(inputOf(call), 'float32'), first);
  const [low = 0, high = 255] = axes(call, 'value_range', [0, 255]);
  const scale = (LEVELS - 1) / (high - low);
  const grid = integers(call, 'tile_grid_size', 2, 8);
  const size = [knownLength(x.shape, 1, 'the height'), knownLength(x.shape, 2, 'the width')];
  const sides = size.map((length, axis): Side => {
    const tiles = grid[axis] ?? 1;
    return { length, tiles, tile: Math.ceil(length / tiles) };
  });
  const levels = build.multiply(build.subtract(x, low), scale);
  const padded = sides.reduce((image, side, axis) => mirrored(call, image, side, axis + 1), levels);
  const pixels = build.cast(build.clip(padded, 0, LEVELS - 1), 'int32');
  const equalized = interpolated(call, pixels, curves(call, pixels, sides), sides);
  const cut = build.slice(equalized, [
    { axis: 1, start: 0, end: size[0] ?? 0 },
    { axis: 2, start: 0, end: size[1] ?? 0 },
  ]);
  return restored(build, build.add(build.divide(cut, scale), low), first);
}

/** How a side of an image is divided. */
interface Side {
  length: number;
  tiles: number;
  /** Length of a tile. */
  tile: number;
}

/** Fills the last tile with what is before it, in reverse order. */
function mirrored({ build }: LayerCall, x: Value, { length, tiles, tile }: Side, axis: number): Value {
  if (tiles * tile === length) return x;
  const places = Array.from({ length: tiles * tile }, (_, at) => (at < length ? at : 2 * length - 1 - at));
  return build.gather(x, build.constant(places, [places.length], 'int32'), axis);
}

/** The new level for each old one, in each tile: shape (batch, rows, columns, channels, levels). */
function curves(call: LayerCall, pixels: Value, [rows, columns]: readonly Side[]): Value {
  const { build } = call;
  const [batch = 1, , , channels = 1] = pixels.shape;
  if (rows === undefined || columns === undefined) throw new Error('an image has two sides');
  const tiled = build.transpose(
    build.reshape(pixels, [batch, rows.tiles, rows.tile, columns.tiles, columns.tile, channels]),
    [0, 1, 3, 5, 2, 4],
  );
  const area = rows.tile * columns.tile;
  const flat = build.reshape(tiled, [batch, rows.tiles, columns.tiles, channels, area]);
  const counts = limited(call, build.sum(build.oneHot(flat, LEVELS), -2), area);
  const below = build.cumulativeSum(counts, -1);
  const least = build.min(below, -1, true);
  const range = build.subtract(area, least);
  const divisor = build.where(build.equal(range, 0), 1, range);
  const share = build.divide(build.multiply(build.subtract(below, least), LEVELS - 1), divisor);
  return build.clip(share, 0, LEVELS - 1);
}

/** Limits how often a level counts. What is above the limit counts for all levels alike. */
function limited(call: LayerCall, counts: Value, area: number): Value {
  const { build } = call;
  const limit = number(call, 'clip_limit', 4);
  if (limit <= 0) return counts;
  const clipped = build.minimum(counts, (limit * area) / LEVELS);
  const excess = build.sum(build.subtract(counts, clipped), -1, true);
  return build.add(clipped, build.divide(excess, LEVELS));
}

/** The new levels of all pixels. At the border, the tiles outside are those next to them. */
function interpolated(
  { build }: LayerCall,
  pixels: Value,
  inner: Value,
  [rows, columns]: readonly Side[],
): Value {
  if (rows === undefined || columns === undefined) throw new Error('an image has two sides');
  const none = [0, 0] as const;
  const one = [1, 1] as const;
  const tiles = build.pad(inner, [none, one, one, none, none], 'edge');
  const [batch = 1, height = 1, width = 1] = pixels.shape;
  const channels = knownLength(pixels.shape, 3, 'the channels');
  const across = columns.tiles + 2;
  const flat = build.reshape(tiles, [batch, (rows.tiles + 2) * across * channels * LEVELS]);
  const [down, right] = [rows, columns].map(({ tiles, tile }) =>
    Array.from({ length: tiles * tile }, (_, at) => {
      const place = (at - tile / 2) / tile + 1;
      return { tile: Math.floor(place), weight: place - Math.floor(place) };
    }),
  );
  if (down === undefined || right === undefined) throw new Error('an image has two sides');
  const corner = (below: 0 | 1, beside: 0 | 1): Value => {
    const from = down.flatMap((row) =>
      right.flatMap((column) =>
        Array.from(
          { length: channels },
          (_, channel) =>
            (((row.tile + below) * across + column.tile + beside) * channels + channel) * LEVELS,
        ),
      ),
    );
    const places = build.add(pixels, build.constant(from, [1, down.length, right.length, channels], 'int32'));
    const taken = build.gatherElements(flat, build.reshape(places, [batch, from.length]), 1);
    return build.reshape(taken, [batch, height, width, channels]);
  };
  const mix = (a: Value, b: Value, weight: Value) =>
    build.add(build.multiply(a, build.subtract(1, weight)), build.multiply(b, weight));
  const weightOf = (side: readonly { weight: number }[], shape: readonly number[]) =>
    build.constant(
      side.map(({ weight }) => weight),
      shape,
    );
  const toRight = weightOf(right, [1, 1, right.length, 1]);
  const toBottom = weightOf(down, [1, down.length, 1, 1]);
  return mix(mix(corner(0, 0), corner(0, 1), toRight), mix(corner(1, 0), corner(1, 1), toRight), toBottom);
}

export const EQUALIZATION = {
  ContrastLimitedAdaptiveHistogramEqualization: runs(adaptiveEqualization),
};
