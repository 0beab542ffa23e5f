import { knownLength } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { channelsLast, restored } from '../data-format.js';
import { inputOf, type LayerCall, type Lowered, runs } from '../layer.js';
import { resized } from '../operations/resizing.js';
import { axes, channelsFirst, choice, count, flag, number } from '../settings.js';

const INTERPOLATIONS = ['nearest', 'bilinear', 'bicubic', 'lanczos3', 'lanczos5', 'area'] as const;

/** Source: `resize` of `keras/src/backend/tensorflow/image.py`. */
function resizing(call: LayerCall): Lowered {
  const { build } = call;
  const first = channelsFirst(call);
  let x = channelsLast(build, inputOf(call), first);
  const size = [count(call, 'height'), count(call, 'width')] as const;
  const interpolation = choice(call, 'interpolation', INTERPOLATIONS, 'bilinear');
  if (flag(call, 'crop_to_aspect_ratio', false)) x = croppedTo(call, x, size);
  else if (flag(call, 'pad_to_aspect_ratio', false)) x = paddedTo(call, x, size);
  return restored(build, resized(build, x, size, interpolation, flag(call, 'antialias', false)), first);
}

/** Height and width, which must be known for what depends on their ratio. */
function sizeOf(x: Value): [number, number] {
  return [knownLength(x.shape, 1, 'the height'), knownLength(x.shape, 2, 'the width')];
}

/** The largest part in the middle that has the ratio of `size`. */
function croppedTo({ build }: LayerCall, x: Value, [rows, columns]: readonly [number, number]): Value {
  const [height, width] = sizeOf(x);
  const cropHeight = Math.max(Math.min(height, Math.trunc(Math.fround(width * rows) / columns)), 1);
  const cropWidth = Math.max(Math.min(width, Math.trunc(Math.fround(height * columns) / rows)), 1);
  const [top, left] = [Math.trunc((height - cropHeight) / 2), Math.trunc((width - cropWidth) / 2)];
  return build.slice(x, [
    { axis: 1, start: top, end: top + cropHeight },
    { axis: 2, start: left, end: left + cropWidth },
  ]);
}

/** The image in the middle of the smallest one around it that has the ratio of `size`. */
function paddedTo(call: LayerCall, x: Value, [rows, columns]: readonly [number, number]): Value {
  const [height, width] = sizeOf(x);
  const padHeight = Math.max(height, Math.trunc(Math.fround(width * rows) / columns));
  const padWidth = Math.max(width, Math.trunc(Math.fround(height * columns) / rows));
  const [top, left] = [Math.trunc((padHeight - height) / 2), Math.trunc((padWidth - width) / 2)];
  // Keras adds as much after as before.
  const around = [
    [0, 0],
    [top, top],
    [left, left],
    [0, 0],
  ] as const;
  return call.build.pad(x, around, 'constant', number(call, 'fill_value', 0));
}

/** The middle of an image, or the image resized if it is too small. */
function centerCrop(call: LayerCall): Lowered {
  const { build } = call;
  const first = channelsFirst(call);
  const x = channelsLast(build, build.cast(inputOf(call), 'float32'), first);
  const [rows, columns] = [count(call, 'height'), count(call, 'width')];
  const [height, width] = sizeOf(x);
  if (height >= rows && width >= columns) {
    const [top, left] = [Math.floor((height - rows) / 2), Math.floor((width - columns) / 2)];
    const cut = build.slice(x, [
      { axis: 1, start: top, end: top + rows },
      { axis: 2, start: left, end: left + columns },
    ]);
    return restored(build, cut, first);
  }
  return restored(
    build,
    resized(build, croppedTo(call, x, [rows, columns]), [rows, columns], 'bilinear', false),
    first,
  );
}

/**
 * Spreads the numbers of each channel of each image over the whole range.
 *
 * Source: `keras/src/layers/preprocessing/image_preprocessing/auto_contrast.py`.
 */
function autoContrast(call: LayerCall): Lowered {
  const { build } = call;
  const x = build.cast(inputOf(call), 'float32');
  const [least = 0, greatest = 255] = axes(call, 'value_range', [0, 255]);
  const low = build.min(x, [1, 2], true);
  const range = build.subtract(build.max(x, [1, 2], true), low);
  const spread = build.add(
    build.multiply(build.divide(build.subtract(x, low), range), greatest - least),
    least,
  );
  // A channel of a single number stays as it is.
  return build.where(build.equal(range, 0), x, build.clip(spread, least, greatest));
}

export const IMAGES = {
  AutoContrast: runs(autoContrast),
  Resizing: runs(resizing),
  CenterCrop: runs(centerCrop),
};
