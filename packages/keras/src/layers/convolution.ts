import type { Builder, WindowOptions } from '../graph/builder.js';
import { knownLength, reach } from '../graph/shapes.js';
import type { Value } from '../graph/value.js';
import { activate } from './activations.js';
import { channelsLast, restored } from './data-format.js';
import { inputOf, type LayerCall, type Lowered, type OldForm, runs, UnsupportedError } from './layer.js';
import { loraForms } from './lora.js';
import { channelsFirst, choice, count, flag, integer, integers } from './settings.js';

/** Settings that all convolutions share. */
function windows(call: LayerCall, rank: number, size: readonly number[]): Required<WindowOptions> {
  const strides = integers(call, 'strides', rank, 1);
  const dilations = integers(call, 'dilation_rate', rank, 1);
  const padding = choice(call, 'padding', ['valid', 'same', 'causal'], 'valid');
  if (padding !== 'causal') return { strides, dilations, padding };
  if (rank !== 1) throw new UnsupportedError(`its padding is causal, which only a Conv1D may have`);
  return { strides, dilations, padding: [[reach(size[0] ?? 1, dilations[0] ?? 1) - 1, 0]] };
}

/** Adds bias and activation, and brings the channels back to where the layer has them. */
function finished(
  call: LayerCall,
  x: Value,
  filters: number,
  activation: unknown = call.config['activation'],
): Value {
  const { build, weights } = call;
  const biased = flag(call, 'use_bias', true) ? build.add(x, weights('bias', [filters])) : x;
  return activate(build, restored(build, biased, channelsFirst(call)), activation);
}

function conv(rank: number) {
  return (call: LayerCall): Lowered => {
    const { build, weights } = call;
    const x = channelsLast(build, inputOf(call), channelsFirst(call));
    const size = integers(call, 'kernel_size', rank);
    const filters = count(call, 'filters');
    const groups = count(call, 'groups', 1);
    const channels = knownLength(x.shape, -1, 'the channels');
    const kernel = weights('kernel', [...size, channels / groups, filters], { convolution: true });
    call.oldForms(...oldKernels(call, rank), ...loraForms(call));
    return finished(
      call,
      build.conv(x, kernel, undefined, { ...windows(call, rank, size), groups }),
      filters,
    );
  };
}

/**
 * Kernels of Keras 1: those of a Conv1D have a second spatial dimension of length 1, and those of images with the
 * channels first have the shape (filters, channels, …spatial).
 */
function oldKernels(call: LayerCall, rank: number): OldForm[] {
  const forms: OldForm[] = [];
  if (rank === 1) {
    forms.push({
      shapes: ([[length = 1, channels = 1, filters = 1] = [], ...more]) => [
        [length, 1, channels, filters],
        ...more,
      ],
      combine: (build, [kernel, ...more]) => [build.squeeze(given(kernel), 1), ...more],
    });
  }
  if (channelsFirst(call)) {
    forms.push({
      shapes: ([kernel = [], ...more]) => [[...kernel.slice(-2).reverse(), ...kernel.slice(0, -2)], ...more],
      combine: (build, [kernel, ...more]) => {
        const axes = Array.from({ length: rank }, (_, axis) => axis + 2);
        return [build.transpose(given(kernel), [...axes, 1, 0]), ...more];
      },
    });
  }
  return forms;
}

function given(value: Value | undefined): Value {
  if (value === undefined) throw new Error('an old form has all its weights');
  return value;
}

/** Each channel has filters of its own. Channel c and multiplier m give channel c times multipliers plus m. */
function depthwise(rank: number) {
  return (call: LayerCall): Lowered => {
    const { build, weights } = call;
    const x = channelsLast(build, inputOf(call), channelsFirst(call));
    const size = integers(call, 'kernel_size', rank);
    const channels = knownLength(x.shape, -1, 'the channels');
    const multiplier = count(call, 'depth_multiplier', 1);
    const kernel = weights('depthwise_kernel', [...size, channels, multiplier]);
    const y = build.conv(x, grouped(build, kernel), undefined, {
      ...windows(call, rank, size),
      groups: channels,
    });
    return finished(call, y, channels * multiplier);
  };
}

/** A kernel (…spatial, channels, multiplier) as that of a convolution with a group for each channel. */
export function grouped(build: Builder, kernel: Value): Value {
  const [channels, multiplier] = [Number(kernel.shape.at(-2)), Number(kernel.shape.at(-1))];
  return build.reshape(kernel, [...kernel.shape.slice(0, -2), 1, channels * multiplier]);
}

function separable(rank: number) {
  return (call: LayerCall): Lowered => {
    const { build, weights } = call;
    const x = channelsLast(build, inputOf(call), channelsFirst(call));
    const size = integers(call, 'kernel_size', rank);
    const channels = knownLength(x.shape, -1, 'the channels');
    const multiplier = count(call, 'depth_multiplier', 1);
    const filters = count(call, 'filters');
    const depthwiseKernel = weights('depthwise_kernel', [...size, channels, multiplier]);
    const ones = size.map(() => 1);
    const pointwise = weights('pointwise_kernel', [...ones, channels * multiplier, filters]);
    const y = build.conv(x, grouped(build, depthwiseKernel), undefined, {
      ...windows(call, rank, size),
      groups: channels,
    });
    return finished(call, build.conv(y, pointwise), filters);
  };
}

function transposed(rank: number) {
  return (call: LayerCall): Lowered => {
    const { build, weights } = call;
    const x = channelsLast(build, inputOf(call), channelsFirst(call));
    const size = integers(call, 'kernel_size', rank);
    const filters = count(call, 'filters');
    const strides = integers(call, 'strides', rank, 1);
    const dilations = integers(call, 'dilation_rate', rank, 1);
    const padding = choice(call, 'padding', ['valid', 'same'], 'valid');
    const extra = call.config['output_padding'] ?? undefined;
    const outputPadding = extra === undefined ? undefined : integers(call, 'output_padding', rank);
    const kernel = weights('kernel', [...size, filters, knownLength(x.shape, -1, 'the channels')], {
      convolution: true,
    });
    const cut = size.map((entries, axis) =>
      cutOf(
        reach(entries, dilations[axis] ?? 1),
        strides[axis] ?? 1,
        padding,
        entries,
        outputPadding?.[axis],
      ),
    );
    return finished(call, build.convTranspose(x, kernel, undefined, { strides, dilations, cut }), filters);
  };
}

/**
 * What is cut from the full output, which has length (n - 1) × stride + window.
 *
 * Source: `_get_output_shape_given_tf_padding` of `keras/src/backend/common/backend_utils.py`; TensorFlow cuts as much
 * as a convolution over the output would pad.
 */
export function cutOf(
  window: number,
  stride: number,
  padding: 'valid' | 'same',
  size: number,
  outputPadding: number | undefined,
): [number, number] {
  const missing =
    outputPadding === undefined
      ? padding === 'same'
        ? window - stride
        : Math.min(window - stride, 0)
      : (padding === 'same' ? 2 * Math.floor(size / 2) : 0) - outputPadding;
  const before = padding === 'same' ? Math.floor(Math.max(missing, 0) / 2) : 0;
  return [before, missing - before];
}

/** A convolution whose kernel differs from place to place. Keras 2 had it. */
function locallyConnected(rank: 1 | 2) {
  return (call: LayerCall): Lowered => {
    const { build, weights } = call;
    if (integer(call, 'implementation', 1) !== 1) throw new UnsupportedError('its implementation must be 1');
    const x = channelsLast(build, inputOf(call), channelsFirst(call));
    const size = integers(call, 'kernel_size', rank);
    const strides = integers(call, 'strides', rank, 1);
    choice(call, 'padding', ['valid'], 'valid');
    const filters = count(call, 'filters');
    const channels = knownLength(x.shape, -1, 'the channels');
    const places = size.map((entries, axis) =>
      Math.floor((knownLength(x.shape, axis + 1, 'the image') - entries) / (strides[axis] ?? 1) + 1),
    );
    const total = places.reduce((a, b) => a * b, 1);
    const width = size.reduce((a, b) => a * b, 1) * channels;
    const kernel = weights('kernel', [total, width, filters]);
    const [rows = 1, columns = 1] = rank === 1 ? [1, places[0]] : places;
    const patches: Value[] = [];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const at = rank === 1 ? [column] : [row, column];
        const patch = build.slice(
          x,
          at.map((position, axis) => {
            const start = position * (strides[axis] ?? 1);
            return { axis: axis + 1, start, end: start + (size[axis] ?? 1) };
          }),
        );
        patches.push(
          build.reshape(channelsFirst(call) ? firstOf(build, patch) : patch, [x.shape[0] ?? 1, 1, 1, width]),
        );
      }
    }
    // (batch, places, 1, width) times (places, width, filters)
    const y = build.matMul(build.concat(patches, 1), kernel);
    const biasShape = [...places, filters];
    const shaped = build.reshape(y, [x.shape[0] ?? 1, ...places, filters]);
    const biased = flag(call, 'use_bias', true) ? build.add(shaped, weights('bias', biasShape)) : shaped;
    return activate(build, restored(build, biased, channelsFirst(call)), call.config['activation']);
  };
}

function firstOf(build: Builder, x: Value): Value {
  return restored(build, x, true);
}

export const CONVOLUTION = {
  Conv1D: runs(conv(1)),
  Conv2D: runs(conv(2)),
  Conv3D: runs(conv(3)),
  Conv1DTranspose: runs(transposed(1)),
  Conv2DTranspose: runs(transposed(2)),
  Conv3DTranspose: runs(transposed(3)),
  DepthwiseConv1D: runs(depthwise(1)),
  DepthwiseConv2D: runs(depthwise(2)),
  SeparableConv1D: runs(separable(1)),
  SeparableConv2D: runs(separable(2)),
  LocallyConnected1D: runs(locallyConnected(1)),
  LocallyConnected2D: runs(locallyConnected(2)),
};
