import { GraphError, knownLength } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { channelsLast, restored } from '../data-format.js';
import { type LayerCall, type LayerEntry, type Lowered, runs, UnsupportedError } from '../layer.js';
import { channelsFirst, choice, integer, integers, number } from '../settings.js';
import { argument, floating, setting, tensor, typed } from './arguments.js';
import { resize, scaleAndTranslate, sizeOf } from './resizing.js';
import { toType } from './types.js';

/** Works on a batch of images with channels last, and undoes what brought the input there. */
function onBatch(work: (call: LayerCall, images: Value) => Value, name = 'images'): LayerEntry {
  return runs((call) => {
    const { build } = call;
    const given = tensor(call, 0, name);
    const single = given.shape.length === 3;
    const first = channelsFirst(call);
    const y = restored(
      build,
      work(call, channelsLast(build, single ? build.expandDims(given, 0) : given, first)),
      first,
    );
    return single ? build.squeeze(y, 0) : y;
  });
}

function grayscale(call: LayerCall): Lowered {
  const { build } = call;
  const { value, type } = typed(call, 0, 'images');
  const axis = value.shape.length - (channelsFirst(call) ? 3 : 1);
  if (knownLength(value.shape, axis, 'the channels') === 1) return value;
  const weights = build.reshape(
    build.constant([0.2989, 0.587, 0.114], [3]),
    value.shape.map((_, index) => (index === axis ? 3 : 1)),
  );
  return toType(build, build.sum(build.multiply(floating(call, value), weights), axis, true), type);
}

/** Source: `adjust_hsv_in_yiq_op`'s `rgb_to_hsv` of TensorFlow, `colorspace_op.h`. */
function toHsv({ build }: LayerCall, x: Value): Value {
  const axis = x.shape.length - 1;
  const channel = (at: number) => build.slice(x, [{ axis, start: at, end: at + 1 }]);
  const [red, green, blue] = [channel(0), channel(1), channel(2)];
  const greatest = build.max(x, axis, true);
  const range = build.subtract(greatest, build.min(x, axis, true));
  const saturation = build.where(build.greater(greatest, 0), build.divide(range, greatest), 0);
  const norm = build.multiply(build.reciprocal(range), 1 / 6);
  const part = (a: Value, b: Value, offset: number) =>
    build.add(build.multiply(norm, build.subtract(a, b)), offset);
  const hue = build.where(
    build.equal(red, greatest),
    part(green, blue, 0),
    build.where(build.equal(green, greatest), part(blue, red, 2 / 6), part(red, green, 4 / 6)),
  );
  const known = build.where(build.greater(range, 0), hue, 0);
  const turned = build.where(build.less(known, 0), build.add(known, 1), known);
  return build.concat([turned, saturation, greatest], axis);
}

/** Source: `hsv_to_rgb` of TensorFlow, `colorspace_op.h`. */
function toRgb({ build }: LayerCall, x: Value): Value {
  const axis = x.shape.length - 1;
  const channel = (at: number) => build.slice(x, [{ axis, start: at, end: at + 1 }]);
  const [hue, saturation, value] = [channel(0), channel(1), channel(2)];
  const sixth = build.multiply(hue, 6);
  const ramp = (center: number) => build.subtract(build.abs(build.subtract(sixth, center)), 1);
  const [red, green, blue] = [
    build.clip(ramp(3), 0, 1),
    build.clip(build.subtract(1, ramp(2)), 0, 1),
    build.clip(build.subtract(1, ramp(4)), 0, 1),
  ];
  const mixed = build.concat([red, green, blue], axis);
  const strength = build.add(build.multiply(build.subtract(mixed, 1), saturation), 1);
  return build.multiply(strength, value);
}

/** The rows and columns of each patch in one dimension. */
function extractPatches(call: LayerCall): Lowered {
  const { build } = call;
  const given = tensor(call, 0, 'images');
  const stated = setting(call, 'size');
  const rank = Array.isArray(stated) && stated.length === 3 ? 3 : 2;
  const single = given.shape.length === rank + 1;
  const first = channelsFirst(call);
  const x = channelsLast(build, single ? build.expandDims(given, 0) : given, first);
  const size = integers(call, 'size', rank);
  const strides = setting(call, 'strides') === undefined ? size : integers(call, 'strides', rank);
  const channels = knownLength(x.shape, -1, 'the channels');
  const width = size.reduce((a, b) => a * b, channels);
  const identity = Array.from({ length: width * width }, (_, index) => (index % (width + 1) === 0 ? 1 : 0));
  const kernel = build.constant(identity, [...size, channels, width]);
  const padding = choice(call, 'padding', ['valid', 'same'], 'valid');
  const dilations = integers(call, 'dilation_rate', rank, 1);
  const y = restored(build, build.conv(x, kernel, undefined, { strides, dilations, padding }), first);
  return single ? build.squeeze(y, 0) : y;
}

/** Lengths before and after along one dimension, of which one follows from the other and the whole. */
function around(
  call: LayerCall,
  names: readonly [string, string, string],
  left: (target: number) => number,
): [number, number] {
  const [before, after, target] = names.map((name) => {
    const value = setting(call, name);
    return typeof value === 'number' ? value : undefined;
  });
  if (before !== undefined && after !== undefined) return [before, after];
  const rest = left(target ?? 0);
  return before === undefined ? [rest - (after ?? 0), after ?? 0] : [before, rest - before];
}

function padImages(call: LayerCall, x: Value): Value {
  const [height, width] = [x.shape[1], x.shape[2]];
  const missing = (length: Value['shape'][number] | undefined) => (target: number) => {
    if (typeof length !== 'number')
      throw new UnsupportedError('the image has a size that is only known when the model runs');
    return target - length;
  };
  const [rows, columns] = [
    around(call, ['top_padding', 'bottom_padding', 'target_height'], missing(height)),
    around(call, ['left_padding', 'right_padding', 'target_width'], missing(width)),
  ];
  return call.build.pad(x, [[0, 0], rows, columns, [0, 0]]);
}

function cropImages(call: LayerCall, x: Value): Value {
  const [height, width] = sizeOf(x);
  const [rows, columns] = [
    around(call, ['top_cropping', 'bottom_cropping', 'target_height'], (target) => height - target),
    around(call, ['left_cropping', 'right_cropping', 'target_width'], (target) => width - target),
  ];
  return call.build.slice(x, [
    { axis: 1, start: rows[0], end: height - rows[1] },
    { axis: 2, start: columns[0], end: width - columns[1] },
  ]);
}

function gaussian(size: number, sigma: number): number[] {
  const list = Array.from({ length: size }, (_, index) =>
    Math.exp(-0.5 * ((index - (size - 1) / 2) / sigma) ** 2),
  );
  const total = list.reduce((a, b) => a + b, 0);
  return list.map((weight) => weight / total);
}

/** Source: `gaussian_blur` of `keras/src/backend/tensorflow/image.py`. */
function blur(call: LayerCall, x: Value): Value {
  const { build } = call;
  const [rows = 3, columns = 3] = integers(call, 'kernel_size', 2, 3);
  const stated = setting(call, 'sigma') ?? [1, 1];
  const [sigma = 1, other = sigma] = [stated].flat().map(Number);
  const channels = knownLength(x.shape, -1, 'the channels');
  // The first length belongs to the columns of the kernel before it is reshaped.
  const [across, down] = [gaussian(rows, sigma), gaussian(columns, other)];
  const flat = down.flatMap((a) => across.map((b) => a * b));
  const kernel = build.constant(
    flat.flatMap((weight) => Array<number>(channels).fill(weight)),
    [rows, columns, 1, channels],
  );
  return build.conv(x, kernel, undefined, { padding: 'same', groups: channels });
}

const SOBEL = [
  [-1, -2, -1, 0, 0, 0, 1, 2, 1],
  [-1, 0, 1, -2, 0, 2, -1, 0, 1],
];

/** Source: `sobel_edges` of TensorFlow, `image_ops_impl.py`. */
function sobel(call: LayerCall): Lowered {
  const { build } = call;
  const first = channelsFirst(call);
  const x = floating(call, channelsLast(build, tensor(call, 0, 'images'), first));
  const channels = knownLength(x.shape, -1, 'the channels');
  const wide = build.pad(
    x,
    [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ],
    'reflect',
  );
  const edges = SOBEL.map((weights) => {
    const kernel = build.constant(
      weights.flatMap((weight) => Array<number>(channels).fill(weight)),
      [3, 3, 1, channels],
    );
    return build.expandDims(
      restored(build, build.conv(wide, kernel, undefined, { groups: channels }), first),
      4,
    );
  });
  return build.concat(edges, 4);
}

/** Source: `_ssim` of `keras/src/ops/image.py`. */
function similarity(call: LayerCall): Lowered {
  const { build } = call;
  const images = ['image1', 'image2'].map((name, at) => floating(call, tensor(call, at, name)));
  const single = images[0]?.shape.length === 3;
  const first = channelsFirst(call);
  const [a, b] = images.map((image) =>
    channelsLast(build, single ? build.expandDims(image, 0) : image, first),
  );
  if (a === undefined || b === undefined) throw new GraphError('needs 2 images');
  const channels = knownLength(a.shape, -1, 'the channels');
  const size = integer(call, 'filter_size', 11);
  const weights = gaussian(size, number(call, 'filter_sigma', 1.5));
  const flat = weights.flatMap((x) => weights.flatMap((y) => Array<number>(channels).fill(x * y)));
  const kernel = build.constant(flat, [size, size, 1, channels]);
  const smooth = (x: Value) => build.conv(x, kernel, undefined, { groups: channels });
  const greatest = number(call, 'max_val', 1);
  const [c1, c2] = [(number(call, 'k1', 0.01) * greatest) ** 2, (number(call, 'k2', 0.03) * greatest) ** 2];
  const [meanA, meanB] = [smooth(a), smooth(b)];
  const [squareA, squareB, product] = [
    build.square(meanA),
    build.square(meanB),
    build.multiply(meanA, meanB),
  ];
  const spread = (x: Value, y: Value, means: Value) => build.subtract(smooth(build.multiply(x, y)), means);
  const double = (x: Value) => build.multiply(x, 2);
  const above = build.multiply(build.add(double(product), c1), build.add(double(spread(a, b, product)), c2));
  const below = build.multiply(
    build.add(build.add(squareA, squareB), c1),
    build.add(build.add(spread(a, a, squareA), spread(b, b, squareB)), c2),
  );
  const result = build.mean(build.divide(above, below), [1, 2, 3]);
  return single ? build.squeeze(result, 0) : result;
}

export const IMAGES = {
  CropImages: onBatch(cropImages),
  ExtractPatches: runs(extractPatches),
  GaussianBlur: onBatch((call, x) => blur(call, floating(call, x))),
  HSVToRGB: onBatch(toRgb),
  PadImages: onBatch(padImages),
  RGBToGrayscale: runs(grayscale),
  RGBToHSV: onBatch(toHsv),
  Resize: runs(resize),
  SSIM: runs(similarity),
  ScaleAndTranslate: runs((call) => {
    if (argument(call, 1, 'output_shape') === undefined) throw new GraphError('states no output_shape');
    return scaleAndTranslate(call);
  }),
  SobelEdges: runs(sobel),
};
