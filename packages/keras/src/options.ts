import { fileURLToPath } from 'node:url';

import { type Application, type ApplicationName, applicationOf } from './applications/application.js';
import type { KernelConvention } from './containers/hdf5/stored-model.js';
import { ENGINE_NAMES, type EngineName } from './engines/engine.js';
import { OptionError } from './errors.js';
import type { Lowering } from './layers/layer.js';

/** The progress of `loadModel`. */
export interface LoadProgress {
  /** `reading`: weights are read from the file. `building`: the engine prepares the model. */
  phase: 'reading' | 'building';
  /** Bytes of weights that have been read. */
  loaded: number;
  /** Bytes of weights in the file. */
  total: number;
}

/** Options of `loadModel`. */
export interface LoadOptions {
  /**
   * For a file with only weights: the configuration of the model, as `model.to_json()` writes it, parsed, or the path of
   * a file with it.
   *
   * @default undefined
   */
  config?: string | Readonly<Record<string, unknown>> | undefined;
  /**
   * The model of `keras.applications` that the file is: by its name in lower case, or with the arguments of its Python
   * function. Needed for a file with only weights; a whole model must be this network.
   *
   * @default undefined
   */
  architecture?: ApplicationName | Application | undefined;
  /**
   * Layers that the file names and this package does not have: a function for each that writes the layer as operations,
   * by the name of its class or of the layer. Such a function comes before a layer of this package.
   *
   * @default {}
   */
  layers?: Readonly<Record<string, Lowering>> | undefined;
  /**
   * The engine that runs the model. `auto` takes the fastest engine that is installed and loads.
   *
   * @default 'auto'
   */
  engine?: EngineName | 'auto' | undefined;
  /**
   * How the file stores convolution kernels. `convolution`: rotated by 180 degrees, as Keras saved them on Theano.
   * `correlation`: not rotated.
   *
   * If this is absent, the file decides. A Keras 1 file with numbered layers (`nb_layers`) does not say how its kernels
   * are stored. It is refused without this option, unless it is the published VGG-16, which is recognised.
   *
   * @default undefined
   */
  kernels?: KernelConvention | undefined;
  /**
   * Number of threads for one prediction, 1 or more. Only `onnxruntime` uses it. If it is absent, ONNX Runtime uses one
   * thread per physical core.
   *
   * @default undefined
   */
  threads?: number | undefined;
  /**
   * Called when reading starts, after every few MiB, and when building starts. If it throws, loading stops and
   * `loadModel` rejects with that error.
   *
   * @default undefined
   */
  onProgress?: ((progress: LoadProgress) => void) | undefined;
  /**
   * Stops the loading when it is aborted. `loadModel` then rejects with the signal's reason.
   *
   * @default undefined
   */
  signal?: AbortSignal | undefined;
}

/** A record and not a list, so that the compiler reports a missing option. */
const KNOWN: Record<keyof LoadOptions, true> = {
  config: true,
  architecture: true,
  layers: true,
  engine: true,
  kernels: true,
  threads: true,
  onProgress: true,
  signal: true,
};

/**
 * Checks options at run time, because the types do not bind callers in plain JavaScript.
 *
 * @throws {OptionError} When an option is unknown or has an invalid value.
 */
export function checkOptions(options: LoadOptions): void {
  const { architecture, config, engine, kernels, layers, threads }: Record<string, unknown> = { ...options };
  refuseUnknown(options, KNOWN);
  if (architecture !== undefined) applicationOf(architecture);
  if (
    config !== undefined &&
    (config === null || config === '' || !['string', 'object'].includes(typeof config))
  ) {
    throw new OptionError(
      'config',
      `config must be a path or a parsed configuration, not ${describe(config)}`,
    );
  }
  if (layers !== undefined) checkLayers(layers);
  if (engine !== undefined) oneOf('engine', engine, ['auto', ...ENGINE_NAMES]);
  if (kernels !== undefined) oneOf('kernels', kernels, ['convolution', 'correlation']);
  if (
    threads !== undefined &&
    !(typeof threads === 'number' && Number.isSafeInteger(threads) && threads >= 1)
  ) {
    throw new OptionError('threads', `threads must be a positive integer, not ${describe(threads)}`);
  }
}

/**
 * Refuses a misspelt option, which would otherwise be ignored.
 *
 * @throws {OptionError} When an option is not known.
 */
export function refuseUnknown(options: object, known: object): void {
  for (const option of Object.keys({ ...options })) {
    if (Object.hasOwn(known, option)) continue;
    throw new OptionError(
      option,
      `Unknown option ${JSON.stringify(option)}. The options are ${Object.keys(known).join(', ')}`,
    );
  }
}

function checkLayers(layers: unknown): void {
  if (typeof layers !== 'object' || layers === null) {
    throw new OptionError('layers', `layers must be an object of functions, not ${describe(layers)}`);
  }
  for (const [name, lower] of Object.entries(layers)) {
    if (typeof lower !== 'function')
      throw new OptionError('layers', `layers.${name} must be a function, not ${describe(lower)}`);
  }
}

function oneOf(option: string, value: unknown, allowed: readonly string[]): void {
  if (typeof value === 'string' && allowed.includes(value)) return;
  throw new OptionError(
    option,
    `${option} must be ${allowed.map((name) => `'${name}'`).join(' or ')}, not ${describe(value)}`,
  );
}

function describe(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number'
    ? JSON.stringify(value)
    : `a value of type ${typeof value}`;
}

/**
 * The path of a file that a user names.
 *
 * @throws {OptionError} When it is neither a path nor a file URL.
 */
export function pathOf(file: unknown, option = 'file'): string {
  if (typeof file === 'string' && file !== '') return file;
  if (file instanceof URL && file.protocol === 'file:') return fileURLToPath(file);
  throw new OptionError(option, `${option} must be a path or a file URL, and not empty`);
}
