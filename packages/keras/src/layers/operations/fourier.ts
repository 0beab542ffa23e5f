import type { Builder } from '../../graph/builder.js';
import { GraphError, knownLength } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { type LayerCall, type Lowered, runs, UnsupportedError } from '../layer.js';
import { flag, integer } from '../settings.js';
import { floating, setting, tensor, typedList } from './arguments.js';

/** Real and imaginary part. */
type Complex = readonly [real: Value, imaginary: Value];

/** cos and sin of 2π × row × column / length, computed in double precision. */
function waves(build: Builder, rows: number, columns: number, length: number, sign: 1 | -1): Complex {
  const angles = Array.from({ length: rows * columns }, (_, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    return (sign * 2 * Math.PI * ((row * column) % length)) / length;
  });
  return [
    build.constant(angles.map(Math.cos), [rows, columns]),
    build.constant(angles.map(Math.sin), [rows, columns]),
  ];
}

/** Discrete Fourier transform along the last axis, as a product with a matrix. */
function transform(build: Builder, [real, imaginary]: Complex, sign: 1 | -1): Complex {
  const length = knownLength(real.shape, -1, 'the transformed dimension');
  const [cos, sin] = waves(build, length, length, length, sign);
  return [
    build.subtract(build.matMul(real, cos), build.matMul(imaginary, sin)),
    build.add(build.matMul(real, sin), build.matMul(imaginary, cos)),
  ];
}

function swapped(build: Builder, [real, imaginary]: Complex): Complex {
  const rank = real.shape.length;
  const order = [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2];
  return [build.transpose(real, order), build.transpose(imaginary, order)];
}

function transform2(build: Builder, x: Complex, sign: 1 | -1): Complex {
  return swapped(build, transform(build, swapped(build, transform(build, x, sign)), sign));
}

function complex(call: LayerCall): Complex {
  const [real, imaginary] = typedList(call, 0, 'x').map(({ value }) => floating(call, value));
  if (real === undefined || imaginary === undefined)
    throw new GraphError('needs a real and an imaginary part');
  return [real, imaginary];
}

/** A row needs two dimensions for the product with a matrix. */
function rows(build: Builder, x: Value, work: (x: Value) => Complex): Complex {
  if (x.shape.length > 1) return work(x);
  const [real, imaginary] = work(build.expandDims(x, 0));
  return [build.squeeze(real, 0), build.squeeze(imaginary, 0)];
}

/** The last axis cut or filled with zeros. */
function ofLength(build: Builder, x: Value, length: number): Value {
  const axis = x.shape.length - 1;
  const own = knownLength(x.shape, -1, 'the transformed dimension');
  if (own > length) return build.slice(x, [{ axis, end: length }]);
  return build.pad(
    x,
    x.shape.map((_, index) => (index === axis ? ([0, length - own] as const) : ([0, 0] as const))),
  );
}

function lengthSetting(call: LayerCall): number | undefined {
  return setting(call, 'fft_length') === undefined ? undefined : integer(call, 'fft_length');
}

function realTransform(build: Builder, x: Value, length: number): Complex {
  return rows(build, ofLength(build, x, length), (row) => {
    const [cos, sin] = waves(build, length, Math.floor(length / 2) + 1, length, -1);
    return [build.matMul(row, cos), build.matMul(row, sin)];
  });
}

/** The real signal of which the first half of the spectrum is given. */
function inverseReal(build: Builder, [real, imaginary]: Complex, length: number): Value {
  const half = Math.floor(length / 2) + 1;
  const [cos, sin] = waves(build, half, length, length, 1);
  // All frequencies but the first and, if the length is even, the last stand for two.
  const weights = build.constant(
    Array.from({ length: half }, (_, index) => (index === 0 || index * 2 === length ? 1 : 2) / length),
    [half],
  );
  const scaled = (x: Value) => build.multiply(ofLength(build, x, half), weights);
  const result = rows(build, real, () => {
    const wide = (x: Value) => (x.shape.length > 1 ? x : build.expandDims(x, 0));
    const signal = build.subtract(
      build.matMul(wide(scaled(real)), cos),
      build.matMul(wide(scaled(imaginary)), sin),
    );
    return [signal, signal];
  });
  return result[0];
}

/** The window of a short-time transform, in the middle of a frame. */
function windowOf(call: LayerCall, sequence: number, frame: number): number[] | undefined {
  const stated = 'window' in call.config ? setting(call, 'window') : 'hann';
  if (stated === undefined) return undefined;
  let window: number[];
  if (stated === 'hann' || stated === 'hamming') {
    const [a, b] = stated === 'hann' ? [0.5, 0.5] : [0.54, 0.46];
    // TensorFlow's window is periodic only if its length is even.
    const period = sequence + (sequence % 2 === 0 ? 0 : -1) || 1;
    window = Array.from({ length: sequence }, (_, index) =>
      sequence === 1 ? 1 : a - b * Math.cos((2 * Math.PI * index) / period),
    );
  } else if (Array.isArray(stated)) window = stated.map(Number);
  else throw new UnsupportedError(`its window is ${JSON.stringify(stated)}`);
  const before = Math.floor((frame - sequence) / 2);
  return [...Array<number>(before).fill(0), ...window, ...Array<number>(frame - sequence - before).fill(0)];
}

function shortTime(call: LayerCall): Lowered {
  return shortTimeTransform(call, tensor(call, 0, 'x'));
}

/**
 * The spectrum of each frame of a signal, with the settings of a call.
 *
 * Source: `stft` of `keras/src/backend/tensorflow/math.py`.
 */
export function shortTimeTransform(call: LayerCall, signal: Value): Complex {
  const { build } = call;
  let x = signal;
  const [sequence, stride, frame] = [
    integer(call, 'sequence_length'),
    integer(call, 'sequence_stride'),
    integer(call, 'fft_length'),
  ];
  const axis = x.shape.length - 1;
  if (flag(call, 'center', true)) {
    const half = Math.floor(frame / 2);
    x = build.pad(
      x,
      x.shape.map((_, index) => (index === axis ? ([half, half] as const) : ([0, 0] as const))),
      'reflect',
    );
  }
  const total = knownLength(x.shape, -1, 'the sequence');
  const count = Math.max(0, Math.floor((total - frame) / stride) + 1);
  const places = Array.from(
    { length: count * frame },
    (_, index) => Math.floor(index / frame) * stride + (index % frame),
  );
  const frames = build.gather(x, build.constant(places, [count, frame], 'int32'), axis);
  const window = windowOf(call, sequence, frame);
  const weighted = window === undefined ? frames : build.multiply(frames, build.constant(window, [frame]));
  return realTransform(build, weighted, frame);
}

/** Source: `istft` of `keras/src/backend/tensorflow/math.py`, and `inverse_stft_window_fn` of TensorFlow. */
function inverseShortTime(call: LayerCall): Lowered {
  const { build } = call;
  const parts = complex(call);
  const [sequence, stride, frame] = [
    integer(call, 'sequence_length'),
    integer(call, 'sequence_stride'),
    integer(call, 'fft_length'),
  ];
  const count = knownLength(parts[0].shape, -2, 'the frames');
  const window = windowOf(call, sequence, frame);
  const frames = inverseReal(build, parts, frame);
  const factors = window?.map((weight, index) => {
    let total = 0;
    for (let at = index % stride; at < frame; at += stride) total += (window[at] ?? 0) ** 2;
    return weight / total;
  });
  const weighted = factors === undefined ? frames : build.multiply(frames, build.constant(factors, [frame]));
  const length = frame + stride * (count - 1);
  const rank = weighted.shape.length;
  const rowsOf = Array.from({ length: count }, (_, index) => {
    const row = build.at(weighted, rank - 2, index);
    const around = [index * stride, length - frame - index * stride] as const;
    return build.pad(
      row,
      row.shape.map((_, axis) => (axis === rank - 2 ? around : ([0, 0] as const))),
    );
  });
  const signal = rowsOf.reduce((a, b) => build.add(a, b));
  const center = flag(call, 'center', true);
  const start = center ? Math.floor(frame / 2) : 0;
  const stated = setting(call, 'length');
  const end = typeof stated === 'number' ? start + stated : center ? -Math.floor(frame / 2) : length;
  return build.slice(signal, [{ axis: rank - 2, start, end }]);
}

export const FOURIER = {
  FFT: runs(({ build, ...call }) => {
    const [real, imaginary] = complex({ build, ...call });
    if (real.shape.length > 1) return transform(build, [real, imaginary], -1);
    const wide: Complex = [build.expandDims(real, 0), build.expandDims(imaginary, 0)];
    return transform(build, wide, -1).map((part) => build.squeeze(part, 0));
  }),
  FFT2: runs((call) => transform2(call.build, complex(call), -1)),
  IFFT2: runs((call) => {
    const { build } = call;
    const x = complex(call);
    const count = knownLength(x[0].shape, -1, 'the image') * knownLength(x[0].shape, -2, 'the image');
    return transform2(build, x, 1).map((part) => build.multiply(part, 1 / count));
  }),
  IRFFT: runs((call) => {
    const x = complex(call);
    const length = lengthSetting(call) ?? 2 * (knownLength(x[0].shape, -1, 'the spectrum') - 1);
    return inverseReal(call.build, x, length);
  }),
  ISTFT: runs(inverseShortTime),
  RFFT: runs((call) => {
    const x = floating(call, tensor(call, 0, 'x'));
    return realTransform(call.build, x, lengthSetting(call) ?? knownLength(x.shape, -1, 'the sequence'));
  }),
  STFT: runs(shortTime),
};
