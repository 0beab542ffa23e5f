import { ConfigError, isList, isObject, type JsonObject } from './json.js';
import { fromKeras1 } from './keras1.js';

/** Which version of Keras wrote a configuration. */
export interface Dialect {
  /** 0 for Keras 0.x, then 1, 2 and 3. */
  major: 0 | 1 | 2 | 3;
}

/** A layer with the names of Keras 3. */
export interface ModernLayer {
  className: string;
  settings: JsonObject;
  /** The layer as the file states it. */
  json: JsonObject;
}

/**
 * Finds the version by what the file says, or by the form of the configuration.
 *
 * @param version For example `2.2.4-tf` or `tfjs-layers 1.3.2`.
 */
export function dialectOf(version: string | undefined, json: unknown): Dialect {
  if (version?.startsWith('tfjs') === true) return { major: 2 };
  const major = Number(/^\D*(\d+)/u.exec(version ?? '')?.[1] ?? NaN);
  if (major === 0 || major === 1 || major === 2) return { major };
  if (major >= 3) return { major: 3 };
  const text = JSON.stringify(json);
  if (text.includes('"custom_name"') && !text.includes('"class_name"')) return { major: 0 };
  if (text.includes('"keras_history"') || text.includes('"batch_shape"') || text.includes('"build_config"'))
    return { major: 3 };
  return { major: /"(output_dim|nb_filter|border_mode|inner_activation|dim_ordering)"/u.test(text) ? 1 : 2 };
}

/** Brings a layer of any version to the names and defaults of Keras 3. */
export function modern(json: JsonObject, dialect: Dialect): ModernLayer {
  const { class_name: className, config } = json;
  if (typeof className !== 'string') throw new ConfigError('has a layer without class_name');
  // Before version 2.2.3, Keras stored the layers of a Sequential model directly as its config.
  if (!isList(config) && !isObject(config)) throw new ConfigError(`has a ${className} without config`);
  const settings = isList(config) ? { layers: config } : config;
  const old = dialect.major <= 1 ? fromKeras1(className, settings) : { className, settings };
  const result = dialect.major <= 2 ? fromKeras2(old.className, old.settings) : old;
  return { className: ALIASES[result.className] ?? result.className, settings: plain(result.settings), json };
}

/** Names of classes that Keras 3 knows by another name. */
export const ALIASES: Readonly<Record<string, string>> = {
  AtrousConvolution1D: 'Conv1D',
  AtrousConvolution2D: 'Conv2D',
  AvgPool1D: 'AveragePooling1D',
  AvgPool2D: 'AveragePooling2D',
  AvgPool3D: 'AveragePooling3D',
  BatchNormalizationV1: 'BatchNormalization',
  BatchNormalizationV2: 'BatchNormalization',
  Convolution1D: 'Conv1D',
  Convolution1DTranspose: 'Conv1DTranspose',
  Convolution2D: 'Conv2D',
  Convolution2DTranspose: 'Conv2DTranspose',
  Convolution3D: 'Conv3D',
  Convolution3DTranspose: 'Conv3DTranspose',
  CuDNNGRU: 'GRU',
  CuDNNLSTM: 'LSTM',
  Deconvolution2D: 'Conv2DTranspose',
  Deconvolution3D: 'Conv3DTranspose',
  DepthwiseConvolution1D: 'DepthwiseConv1D',
  DepthwiseConvolution2D: 'DepthwiseConv2D',
  GlobalAvgPool1D: 'GlobalAveragePooling1D',
  GlobalAvgPool2D: 'GlobalAveragePooling2D',
  GlobalAvgPool3D: 'GlobalAveragePooling3D',
  GlobalMaxPool1D: 'GlobalMaxPooling1D',
  GlobalMaxPool2D: 'GlobalMaxPooling2D',
  GlobalMaxPool3D: 'GlobalMaxPooling3D',
  GroupQueryAttention: 'GroupedQueryAttention',
  GRUV2: 'GRU',
  LSTMV2: 'LSTM',
  MaxPool1D: 'MaxPooling1D',
  MaxPool2D: 'MaxPooling2D',
  MaxPool3D: 'MaxPooling3D',
  Model: 'Functional',
  Network: 'Functional',
  Container: 'Functional',
  ModelV2: 'Functional',
  SeparableConvolution1D: 'SeparableConv1D',
  SeparableConvolution2D: 'SeparableConv2D',
  SyncBatchNormalization: 'BatchNormalization',
};

/** What the names of Keras 2 were, and what a missing setting meant. */
function fromKeras2(className: string, given: JsonObject): { className: string; settings: JsonObject } {
  const renamed = new Map([['batch_input_shape', 'batch_shape']]);
  if (className === 'LeakyReLU') renamed.set('alpha', 'negative_slope');
  const settings: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    const own = renamed.get(key) ?? key;
    if (own === key || !(own in given))
      settings[own] = /^(recurrent_)?activation$/u.test(own) ? activation2(value) : value;
  }
  if (/^(CuDNN)?GRU(Cell)?$/u.test(className)) settings['reset_after'] ??= className.startsWith('CuDNN');
  if (className.startsWith('CuDNN')) {
    Object.assign(settings, { activation: 'tanh', recurrent_activation: 'sigmoid' });
  }
  if (/^(LSTM|GRU|ConvLSTM[123]D)(Cell)?$/u.test(className))
    settings['recurrent_activation'] ??= 'hard_sigmoid_keras2';
  if (className === 'Softmax') settings['ignores_other_masks'] = true;
  if (className === 'TimeDistributed') settings['mask_of_layer'] = true;
  // Keras 2 resizes at inference, and Keras 3 changes nothing.
  if (className === 'RandomCrop')
    return { className: 'Resizing', settings: { ...settings, crop_to_aspect_ratio: true } };
  if (className === 'UpSampling2D') settings['interpolation'] ??= 'nearest';
  return { className, settings };
}

/** hard_sigmoid was another function before Keras 3. */
function activation2(activation: unknown): unknown {
  if (activation === 'hard_sigmoid') return 'hard_sigmoid_keras2';
  if (isObject(activation) && activation['class_name'] === 'hard_sigmoid') return 'hard_sigmoid_keras2';
  return activation;
}

/** Writes numbers as numbers: some files hold {type: 'ndarray', value: 0.3} for them, and lists as tuples. */
function plain(settings: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, plainValue(value)]));
}

function plainValue(value: unknown): unknown {
  if (isObject(value) && value['type'] === 'ndarray' && 'value' in value) return value['value'];
  if (isObject(value) && value['class_name'] === '__tuple__' && isList(value['items'])) return value['items'];
  if (isObject(value) && value['class_name'] === '__numpy__' && isObject(value['config']))
    return value['config']['value'];
  return value;
}
