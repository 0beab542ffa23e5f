import { brotliDecompressSync } from 'node:zlib';

import { isList, isObject } from '../config/json.js';
import { OptionError } from '../errors.js';
import { GraphError } from '../graph/shapes.js';
import { inputOf, type Lowering } from '../layers/layer.js';
import { APPLICATIONS, PACKED } from './configurations.js';

/** The name of a model of `keras.applications`, in lower case. */
export type ApplicationName = (typeof APPLICATIONS)[number];

/** A model of `keras.applications`, with the arguments of its Python function. */
export interface Application {
  /** For example `resnet50`. */
  name: ApplicationName;
  /**
   * Whether the model has the layers that classify.
   *
   * @default true
   */
  includeTop?: boolean;
  /**
   * What follows the last convolution if `includeTop` is false: the mean or the greatest number of each channel, or
   * nothing.
   *
   * @default undefined
   */
  pooling?: 'avg' | 'max' | undefined;
  /**
   * Number of classes.
   *
   * @default the file decides
   */
  classes?: number | undefined;
  /**
   * Rows, columns and channels of an image.
   *
   * @default those of the published weights, for example [224, 224, 3]
   */
  inputShape?: readonly [rows: number, columns: number, channels: number] | undefined;
  /**
   * Activation of the last layer.
   *
   * @default 'softmax'
   */
  classifierActivation?: string | undefined;
}

/** A model as `parseModel` reads it, and what its layers need besides. */
export interface ApplicationModel {
  /** The configuration in the form of Keras 3. */
  json: unknown;
  /** Layers that depend on the size of the image. */
  layers: Readonly<Record<string, Lowering>>;
  /** Name of the layer whose number of outputs is that of the classes. Absent without the top. */
  classifier?: string;
}

interface LayerJson {
  class_name: string;
  name: string;
  config: Record<string, unknown>;
  inbound_nodes: unknown[];
}

interface ModelJson {
  class_name: string;
  config: { name: string; layers: LayerJson[]; input_layers: unknown; output_layers: unknown };
}

let unpacked: Readonly<Record<string, unknown>> | undefined;

/** The configuration of a model, as a copy that may be changed. */
function configurationOf(name: ApplicationName): ModelJson {
  const all: unknown = (unpacked ??= JSON.parse(
    brotliDecompressSync(Buffer.from(PACKED, 'base64')).toString('utf8'),
  ) as Record<string, unknown>);
  const model: unknown = isObject(all) ? structuredClone(all[name]) : undefined;
  if (!isModel(model)) throw new Error(`the configuration of ${name} is missing`);
  return model;
}

function isModel(value: unknown): value is ModelJson {
  return isObject(value) && isObject(value['config']) && isList(value['config']['layers']);
}

/** Names that Keras gives to the layers of a model, up to those that classify. Names that only count are left out. */
export function layerNamesOf(name: ApplicationName): string[] {
  const json = configurationOf(name);
  const { layers } = json.config;
  const top = layers.findIndex((layer) => layer.name === topOf(name, json));
  return layers.slice(0, top).flatMap((layer) => (isCounted(layer) ? [] : [layer.name]));
}

/** Whether a layer is named after its class, as `conv2d_3`: such a name differs from program to program. */
function isCounted({ class_name: className, name }: LayerJson): boolean {
  const plain = className.replaceAll('_', '').toLowerCase();
  return name.replace(/_\d+$/u, '').replaceAll('_', '') === plain;
}

/** Whether a name is that of a model of `keras.applications`. */
function isApplication(name: string): name is ApplicationName {
  return APPLICATIONS.some((known) => known === name);
}

/**
 * Writes the configuration of a model of `keras.applications`.
 *
 * @throws {OptionError} When an argument does not fit the model.
 */
export function applicationModel(application: Application): ApplicationModel {
  const { name, inputShape } = application;
  const json = configurationOf(name);
  const { layers } = json.config;
  if (inputShape !== undefined) {
    const input = layers.find((layer) => layer.class_name === 'InputLayer');
    if (input !== undefined) input.config['batch_shape'] = [null, ...inputShape];
  }
  const own = Object.fromEntries(layers.filter((layer) => padsForStride(name, layer)).map(padding));
  const pool = layers.find((layer) => layer.name === topOf(name, json));
  if (pool === undefined) throw new Error(`the top of ${name} was not found`);
  if (application.includeTop === false) {
    withoutTop(json, pool, application.pooling, name.startsWith('convnext'));
    return { json, layers: own };
  }
  const classifier = classifierOf(layers, pool);
  if (application.classes !== undefined) setClasses(layers, classifier, application.classes);
  const last = layers.at(-1);
  if (application.classifierActivation !== undefined && last !== undefined) {
    last.config['activation'] = application.classifierActivation;
  }
  return { json, layers: own, classifier: classifier.name };
}

/**
 * Zeros before a convolution of stride 2, as many as make up for an odd or even size: `correct_pad` of
 * `keras/src/applications/imagenet_utils.py`. The configuration has those for the published size only.
 */
function padsForStride(name: ApplicationName, layer: LayerJson): boolean {
  if (!/^(mobilenetv|efficientnetb|nasnet)/u.test(name) || layer.class_name !== 'ZeroPadding2D') return false;
  return !layer.name.startsWith('zero_padding2d');
}

function padding({ name, config }: LayerJson): [string, Lowering] {
  const stated: unknown = config['padding'];
  const afters = isList(stated) ? stated.map((pair) => (isList(pair) ? Number(pair[1]) : Number(pair))) : [];
  return [
    name,
    (call) => {
      const x = inputOf(call);
      const around = afters.map((after, axis): [number, number] => {
        const length = x.shape[axis + 1];
        if (typeof length !== 'number') throw new GraphError('needs images of a known size');
        return [after - (1 - (length % 2)), after];
      });
      return call.build.pad(x, [[0, 0], ...around, [0, 0]]);
    },
  ];
}

/** The layer with which the classifying layers begin: that which drops rows and columns. */
function topOf(name: ApplicationName, { config }: ModelJson): string | undefined {
  const wanted = name.startsWith('vgg') ? 'Flatten' : 'GlobalAveragePooling2D';
  // The pools of squeeze-and-excitation blocks come before it.
  return config.layers.findLast((layer) => layer.class_name === wanted)?.name;
}

/** The layer with a bias for each class. */
function classifierOf(layers: readonly LayerJson[], pool: LayerJson): LayerJson {
  const after = layers.slice(layers.indexOf(pool));
  const found = after.findLast((layer) => layer.class_name === 'Dense' || layer.class_name === 'Conv2D');
  if (found === undefined) throw new Error('a classifying model has a layer with a bias for each class');
  return found;
}

function setClasses(layers: readonly LayerJson[], classifier: LayerJson, classes: number): void {
  classifier.config[classifier.class_name === 'Dense' ? 'units' : 'filters'] = classes;
  const reshape = layers.slice(layers.indexOf(classifier)).find((layer) => layer.class_name === 'Reshape');
  if (reshape !== undefined) reshape.config['target_shape'] = [classes];
}

function withoutTop(
  json: ModelJson,
  pool: LayerJson,
  pooling: 'avg' | 'max' | undefined,
  normalized: boolean,
): void {
  const { config } = json;
  const kept = config.layers.slice(0, config.layers.indexOf(pool));
  let last = sourceOf(pool);
  const add = (className: string, name: string, settings: Record<string, unknown>) => {
    const history = { class_name: '__keras_tensor__', config: { keras_history: [last, 0, 0] } };
    kept.push({
      class_name: className,
      name,
      config: { name, trainable: true, ...settings },
      inbound_nodes: [{ args: [history], kwargs: {} }],
    });
    last = name;
  };
  if (pooling === 'avg') add('GlobalAveragePooling2D', 'avg_pool', {});
  if (pooling === 'max') add('GlobalMaxPooling2D', 'max_pool', {});
  // ConvNeXt normalizes what it gives, with and without the top.
  if (normalized) add('LayerNormalization', 'layer_normalization', { epsilon: 1e-6 });
  config.layers = kept;
  config.output_layers = [[last, 0, 0]];
}

/** Name of the layer from which a layer takes its input. */
function sourceOf(layer: LayerJson): string {
  const text = JSON.stringify(layer.inbound_nodes);
  const found = /"keras_history":\["([^"]+)"/u.exec(text)?.[1];
  if (found === undefined) throw new Error(`${layer.name} has no input`);
  return found;
}

/**
 * Checks an option that names a model.
 *
 * @param argument Name of the option, for error messages.
 * @throws {OptionError} When it names none.
 */
export function applicationOf(option: unknown, argument = 'architecture'): Application {
  const given: unknown = typeof option === 'string' ? { name: option } : option;
  const wrong = (reason: string) => new OptionError(argument, `${argument} ${reason}`);
  if (!isObject(given)) throw wrong('must be the name of a keras.applications model, or an object with it');
  const { name, includeTop, pooling, classes, inputShape, classifierActivation, ...more } = given;
  const [unknown] = Object.keys(more);
  if (unknown !== undefined) throw wrong(`has no setting ${unknown}`);
  if (typeof name !== 'string' || !isApplication(name)) {
    throw wrong(`must be one of ${APPLICATIONS.join(', ')}, not ${JSON.stringify(name)}`);
  }
  if (includeTop !== undefined && typeof includeTop !== 'boolean')
    throw wrong('.includeTop must be true or false');
  if (pooling !== undefined && pooling !== 'avg' && pooling !== 'max')
    throw wrong(".pooling must be 'avg' or 'max'");
  const positive = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0;
  if (classes !== undefined && !positive(classes)) throw wrong('.classes must be a positive integer');
  if (classifierActivation !== undefined && typeof classifierActivation !== 'string')
    throw wrong('.classifierActivation must be a name');
  return {
    name,
    ...(includeTop === undefined ? {} : { includeTop }),
    pooling,
    classes,
    inputShape: shapeOf(inputShape, positive, wrong),
    classifierActivation,
  };
}

function shapeOf(
  value: unknown,
  positive: (value: unknown) => value is number,
  wrong: (reason: string) => OptionError,
): Application['inputShape'] {
  if (value === undefined) return undefined;
  const [rows, columns, channels, ...more] = isList(value) ? value : [];
  if (positive(rows) && positive(columns) && positive(channels) && more.length === 0)
    return [rows, columns, channels];
  throw wrong('.inputShape must be [rows, columns, channels]');
}
