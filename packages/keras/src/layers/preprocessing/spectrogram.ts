import { GraphError, knownLength } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { inputOf, type LayerCall, type Lowered, runs } from '../layer.js';
import { arctan2 } from '../operations/arithmetic.js';
import { shortTimeTransform } from '../operations/fourier.js';
import { channelsFirst, choice, count, flag, number } from '../settings.js';

const MODES = ['log', 'magnitude', 'psd', 'real', 'imag', 'angle', 'stft'] as const;

/** `backend.epsilon()` of Keras. */
const EPSILON = 1e-7;

/**
 * Fourier transform of frames of a signal, as a convolution with kernels that the file keeps.
 *
 * Source: `keras/src/layers/preprocessing/stft_spectrogram.py`.
 */
function stft(call: LayerCall): Lowered {
  const { build, weights } = call;
  const mode = choice(call, 'mode', MODES, 'log');
  const first = channelsFirst(call);
  const given = build.cast(inputOf(call), 'float32');
  if (given.shape.length !== 3) throw new GraphError('needs an input of 3 dimensions');
  // (batch, channels, time): each channel is a signal of its own.
  const x = first ? given : build.transpose(given, [0, 2, 1]);
  const channels = knownLength(x.shape, 1, 'the channels');
  const frame = count(call, 'frame_length', 256);
  const step = count(call, 'frame_step', Math.floor(frame / 2));
  const length = count(call, 'fft_length', 2 ** Math.ceil(Math.log2(frame)));
  const bins = Math.floor(length / 2) + 1;
  const signals = build.reshape(x, [-1, x.shape[2] ?? 1, 1]);
  const padding = choice(call, 'padding', ['valid', 'same'], 'valid');
  const part = (name: string) => {
    const y = build.conv(signals, weights(name, [frame, 1, bins]), undefined, { strides: step, padding });
    return build.reshape(build.transpose(y, [0, 2, 1]), [x.shape[0] ?? 1, channels, bins, y.shape[1] ?? 1]);
  };
  const real = mode === 'imag' ? undefined : part('real_kernel');
  const imaginary = mode === 'real' ? undefined : part('imag_kernel');
  const expand = flag(call, 'expand_dims', false);
  const [one, other] = [real ?? imaginary, imaginary ?? real];
  if (one === undefined || other === undefined) throw new GraphError('has no kernel');
  const result = (value: Value) => arranged(call, value, first, expand);
  switch (mode) {
    case 'real':
    case 'imag':
      return result(one);
    case 'angle':
      return result(arctan2(build, other, one));
    case 'stft':
      return result(build.concat([one, other], 2));
    default:
  }
  const power = build.add(build.square(one), build.square(other));
  if (mode === 'psd') {
    const inner = build.slice(power, [{ axis: 2, start: 1, end: -1 }]);
    return result(
      build.add(
        power,
        build.pad(inner, [
          [0, 0],
          [0, 0],
          [1, 1],
          [0, 0],
        ]),
      ),
    );
  }
  const magnitude = result(build.sqrt(build.maximum(power, EPSILON)));
  return mode === 'magnitude' ? magnitude : build.log(build.maximum(magnitude, EPSILON));
}

/** From (batch, channels, bins, time) to the layer's order. */
function arranged({ build }: LayerCall, x: Value, first: boolean, expand: boolean): Value {
  if (expand) return build.transpose(x, first ? [0, 1, 3, 2] : [0, 3, 2, 1]);
  const [batch = 1, channels = 1, bins = 1, time = 1] = x.shape;
  const flat = build.reshape(x, [batch, Number(channels) * Number(bins), time]);
  return first ? flat : build.transpose(flat, [0, 2, 1]);
}

/**
 * Powers of frequencies on the mel scale, which is closer to hearing, of shape (batch, bins, time).
 *
 * Source: `keras/src/layers/preprocessing/mel_spectrogram.py`.
 */
function melSpectrogram(call: LayerCall): Lowered {
  const { build } = call;
  const [real, imaginary] = shortTimeTransform(call, build.cast(inputOf(call), 'float32'));
  const magnitude = build.sqrt(build.add(build.square(real), build.square(imaginary)));
  const power = build.power(magnitude, number(call, 'mag_exp', 2));
  const bins = count(call, 'num_mel_bins', 128);
  const lines = knownLength(power.shape, -1, 'the frequencies');
  const mel = build.matMul(power, build.constant(melWeights(call, lines, bins), [lines, bins]));
  const scaled = flag(call, 'power_to_db', true) ? decibels(call, mel) : mel;
  return build.transpose(scaled, [0, 2, 1]);
}

/** Decibels, at most `top_db` below the greatest of all examples. */
function decibels(call: LayerCall, power: Value): Value {
  const { build } = call;
  const least = number(call, 'min_power', 1e-10);
  const reference = Math.max(Math.abs(number(call, 'ref_power', 1)), least);
  const tenLog = build.multiply(build.log(build.maximum(power, least)), 10 / Math.LN10);
  const level = build.subtract(tenLog, 10 * Math.log10(reference));
  const axes = level.shape.map((_, axis) => axis);
  return build.maximum(level, build.subtract(build.max(level, axes), number(call, 'top_db', 80)));
}

/** How much each line of the spectrum counts for each bin: a triangle round the middle of the bin. */
function melWeights(call: LayerCall, lines: number, bins: number): number[] {
  const rate = number(call, 'sampling_rate', 16_000);
  const mel = (hertz: number) => 1127 * Math.log(1 + hertz / 700);
  const lowest = mel(number(call, 'min_freq', 20));
  const highest = mel(number(call, 'max_freq', Math.trunc(rate / 2)));
  const edge = (index: number) => lowest + ((highest - lowest) * index) / (bins + 1);
  return Array.from({ length: lines * bins }, (_, index) => {
    const [line, bin] = [Math.floor(index / bins), index % bins];
    // The constant part of the signal does not count.
    if (line === 0) return 0;
    const here = mel((rate / 2 / (lines - 1)) * line);
    const [low, middle, high] = [edge(bin), edge(bin + 1), edge(bin + 2)];
    return Math.max(0, Math.min((here - low) / (middle - low), (high - here) / (high - middle)));
  });
}

export const SPECTROGRAMS = {
  MelSpectrogram: runs(melSpectrogram),
  STFTSpectrogram: runs(stft),
};
