import { knownLength } from '../../../graph/shapes.js';
import type { Value } from '../../../graph/value.js';
import { type Lowered, UnsupportedError } from '../../layer.js';
import { resized } from '../resizing.js';
import { shapeArgument } from './lengths.js';
import { as, numberOf, numbersOf, OPERATIONS, own, tensorOf, unary } from './parameters.js';
import { asArgument, type FunctionCall, type FunctionEntry, given, operation, plain } from './rewrite.js';

const METHODS = {
  bilinear: 'bilinear',
  nearest: 'nearest',
  bicubic: 'bicubic',
  area: 'area',
  lanczos3: 'lanczos3',
  lanczos5: 'lanczos5',
} as const;

function resize(call: FunctionCall, x: Value): Lowered {
  const { build } = call.call;
  const [rows, columns] = shapeArgument(given(call, 'size'));
  const method = Object.entries(METHODS).find(
    ([name]) => name === (plain(call, 'method') ?? 'bilinear'),
  )?.[1];
  if (
    method === undefined ||
    typeof rows !== 'number' ||
    typeof columns !== 'number' ||
    plain(call, 'preserve_aspect_ratio') === true
  ) {
    throw new UnsupportedError('its size or method is not one that can be run');
  }
  const single = x.shape.length === 3;
  const y = resized(
    build,
    single ? build.expandDims(x, 0) : x,
    [rows, columns],
    method,
    plain(call, 'antialias') === true,
  );
  return single ? build.squeeze(y, 0) : y;
}

function convolution(rank: 1 | 2 | 3, first: string, kernel = 'filters'): FunctionEntry {
  return own(first, (call, x) => {
    const list = (name: string) => {
      const numbers = numbersOf(call, name);
      if (numbers.length === rank + 2) return numbers.slice(1, -1);
      return numbers.length === 0 ? undefined : numbers;
    };
    const format = plain(call, 'data_format');
    if (typeof format === 'string' && format.startsWith('NC'))
      throw new UnsupportedError('its channels come first');
    const padding = plain(call, 'padding');
    if (typeof padding !== 'string') throw new UnsupportedError('its padding is a list');
    return operation(
      call,
      OPERATIONS,
      kernel === 'filter' ? 'DepthwiseConv' : 'Conv',
      [asArgument(x), asArgument(tensorOf(call, kernel))],
      {
        strides: list('strides') ?? 1,
        dilation_rate: list('dilations') ?? 1,
        padding: padding.toLowerCase(),
      },
    );
  });
}

function pooling(name: 'MaxPool' | 'AveragePool', first = 'input'): FunctionEntry {
  return own(first, (call, x) => {
    const rank = x.shape.length - 2;
    const list = (key: string) => {
      const numbers = numbersOf(call, key);
      return numbers.length === rank + 2 ? numbers.slice(1, -1) : numbers;
    };
    const [format, padding] = [plain(call, 'data_format'), plain(call, 'padding')];
    if (typeof format === 'string' && format.startsWith('NC'))
      throw new UnsupportedError('its channels come first');
    if (typeof padding !== 'string') throw new UnsupportedError('its padding is a list');
    return operation(call, OPERATIONS, name, [asArgument(x)], {
      pool_size: list('ksize'),
      strides: list('strides'),
      padding: padding.toLowerCase(),
    });
  });
}

function activation(
  name: string,
  first: string,
  settings: Readonly<Record<string, string>> = {},
): FunctionEntry {
  return as(name, [first], settings);
}

export const NETWORKS: Readonly<Record<string, FunctionEntry>> = {
  'image.flip_left_right': own('image', (call, x) => call.call.build.flip(x, x.shape.length - 2)),
  'image.flip_up_down': own('image', (call, x) => call.call.build.flip(x, x.shape.length - 3)),
  'image.per_image_standardization': own('image', (call, x) => {
    const { build } = call.call;
    const axes = [-3, -2, -1];
    const count = [-3, -2, -1].reduce(
      (product, axis) => product * knownLength(x.shape, axis, 'the image'),
      1,
    );
    const centered = build.subtract(
      build.cast(x, 'float32'),
      build.mean(build.cast(x, 'float32'), axes, true),
    );
    const deviation = build.sqrt(build.mean(build.square(centered), axes, true));
    return build.divide(centered, build.maximum(deviation, 1 / Math.sqrt(count)));
  }),
  'image.resize': own('images', resize),
  'image.rgb_to_grayscale': as('RGBToGrayscale', ['images']),
  'nn.avg_pool': pooling('AveragePool'),
  'nn.avg_pool1d': pooling('AveragePool'),
  'nn.avg_pool2d': pooling('AveragePool'),
  'nn.avg_pool3d': pooling('AveragePool'),
  'nn.batch_normalization': own('x', (call, x) => {
    const { build } = call.call;
    const part = (name: string) => (given(call, name) === undefined ? undefined : tensorOf(call, name));
    const [scale, offset] = [part('scale'), part('offset')];
    const root = build.reciprocal(
      build.sqrt(build.add(tensorOf(call, 'variance'), numberOf(call, 'variance_epsilon', 0))),
    );
    const factor = scale === undefined ? root : build.multiply(root, scale);
    const moved = build.multiply(build.subtract(x, tensorOf(call, 'mean')), factor);
    return offset === undefined ? moved : build.add(moved, offset);
  }),
  'nn.bias_add': as('Add', ['value', 'bias']),
  'nn.conv1d': convolution(1, 'input'),
  'nn.conv2d': convolution(2, 'input'),
  'nn.conv3d': convolution(3, 'input'),
  'nn.depth_to_space': as('DepthToSpace', ['input'], { block_size: 'block_size' }),
  'nn.depthwise_conv2d': convolution(2, 'input', 'filter'),
  'nn.elu': activation('Elu', 'features'),
  'nn.embedding_lookup': own('params', (call, x) => call.call.build.gather(x, tensorOf(call, 'ids'), 0)),
  'nn.gelu': own('features', (call, x) => call.call.build.gelu(x, plain(call, 'approximate') === true)),
  'nn.leaky_relu': activation('LeakyRelu', 'features', { negative_slope: 'alpha' }),
  'nn.log_softmax': as('LogSoftmax', ['logits'], { axis: ['axis', 'dim'] }),
  'nn.max_pool': pooling('MaxPool'),
  'nn.max_pool1d': pooling('MaxPool'),
  'nn.max_pool2d': pooling('MaxPool'),
  'nn.max_pool3d': pooling('MaxPool'),
  'nn.moments': as('Moments', ['x'], { axes: 'axes', keepdims: ['keepdims', 'keep_dims'] }),
  'nn.relu': activation('Relu', 'features'),
  'nn.relu6': activation('Relu6', 'features'),
  'nn.selu': activation('Selu', 'features'),
  'nn.silu': own('features', (call, x) => {
    if (numberOf(call, 'beta', 1) !== 1) throw new UnsupportedError('its beta is not 1');
    return operation(call, OPERATIONS, 'Silu', [asArgument(x)]);
  }),
  'nn.softmax': as('Softmax', ['logits'], { axis: ['axis', 'dim'] }),
  'nn.softplus': unary('Softplus', 'features'),
  'nn.softsign': activation('Softsign', 'features'),
  'nn.space_to_depth': as('SpaceToDepth', ['input'], { block_size: 'block_size' }),
};
