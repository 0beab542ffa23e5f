import { GraphError, knownLength } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { inputOf, type LayerCall, type Lowered, runs } from '../layer.js';
import { arctan2 } from '../operations/arithmetic.js';
import { channelsFirst, choice, count, flag } from '../settings.js';

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

export const SPECTROGRAMS = { STFTSpectrogram: runs(stft) };
