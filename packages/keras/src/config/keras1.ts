import { isList, type JsonObject } from './json.js';

/** Names of settings in Keras 1, and those since Keras 2. Source: `keras/legacy/interfaces.py` of Keras 2. */
const RENAMED: Readonly<Record<string, string>> = {
  bias: 'use_bias',
  border_mode: 'padding',
  consume_less: 'implementation',
  inner_activation: 'recurrent_activation',
  nb_filter: 'filters',
  subsample: 'strides',
  p: 'rate',
};

/** Those of single classes. */
const RENAMED_IN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  AveragePooling1D: { pool_length: 'pool_size', stride: 'strides' },
  GaussianNoise: { sigma: 'stddev' },
  MaxPooling1D: { pool_length: 'pool_size', stride: 'strides' },
  UpSampling1D: { length: 'size' },
};

/** `output_dim` is the number of units, except in an Embedding. */
const WITH_UNITS = new Set([
  'Dense',
  'TimeDistributedDense',
  'MaxoutDense',
  'Highway',
  'LSTM',
  'GRU',
  'SimpleRNN',
]);

/** Brings a layer of Keras 0.x or 1 to the names of Keras 2. */
export function fromKeras1(
  className: string,
  given: JsonObject,
): { className: string; settings: JsonObject } {
  const settings: Record<string, unknown> = {};
  const renamed: Readonly<Record<string, string>> = {
    ...RENAMED,
    ...RENAMED_IN[className],
    ...(WITH_UNITS.has(className) ? { output_dim: 'units' } : {}),
  };
  for (const [key, value] of Object.entries(given)) settings[renamed[key] ?? key] = value;
  const order = settings['dim_ordering'];
  if (order === 'th') settings['data_format'] = 'channels_first';
  if (order === 'tf') settings['data_format'] = 'channels_last';
  if (/^((Atrous|Separable)?(Convolution|Deconvolution)|LocallyConnected)[12]D/u.test(className))
    convolution(className, settings);
  if (className === 'Convolution3D') {
    settings['kernel_size'] = [settings['kernel_dim1'], settings['kernel_dim2'], settings['kernel_dim3']];
  }
  if (className === 'Embedding' && !isList(settings['batch_input_shape'])) {
    settings['batch_input_shape'] = [null, settings['input_length'] ?? null];
  }
  if (settings['batch_input_shape'] === undefined && isList(settings['input_shape'])) {
    settings['batch_input_shape'] = [null, ...settings['input_shape']];
  }
  if (
    settings['batch_input_shape'] === undefined &&
    typeof settings['input_dim'] === 'number' &&
    ['Dense', 'MaxoutDense', 'Highway'].includes(className)
  ) {
    settings['batch_input_shape'] = [null, settings['input_dim']];
  }
  if (className === 'TimeDistributedDense') return { className: 'Dense', settings };
  return { className, settings };
}

function convolution(className: string, settings: Record<string, unknown>): void {
  const one = className.includes('1D');
  settings['kernel_size'] ??= one ? [settings['filter_length']] : [settings['nb_row'], settings['nb_col']];
  if (one) {
    settings['strides'] ??= settings['subsample_length'];
    if ('atrous_rate' in settings) settings['dilation_rate'] = settings['atrous_rate'];
  } else if ('atrous_rate' in settings) {
    settings['dilation_rate'] = settings['atrous_rate'];
  }
}
