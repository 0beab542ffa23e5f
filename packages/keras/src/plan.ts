import { type Application, applicationModel, applicationOf } from './applications/application.js';
import { checkArchitecture } from './applications/check-architecture.js';
import { vgg16Config } from './applications/vgg16.js';
import { dialectOf } from './config/dialects.js';
import { ConfigError } from './config/json.js';
import type { ModelSpec } from './config/model-spec.js';
import { parseModel } from './config/parse-model.js';
import type { Container } from './containers/container.js';
import { openContainer, readConfigFile } from './containers/open-container.js';
import { ModelFileError } from './errors.js';
import { type ModelGraph, slotsOf } from './graph/model-graph.js';
import type { Numbers, WeightSlot } from './graph/value.js';
import { checkLayers } from './layers/check-layers.js';
import type { Lowering } from './layers/layer.js';
import { LayerError, type LoweredModel, lowerModel } from './layers/lower-model.js';
import { finder } from './layers/table.js';
import type { LoadOptions } from './options.js';
import { type Binding, bindWeights } from './weights/bind.js';
import { checkSizes } from './weights/check-sizes.js';

/** A model file that was understood, but whose weights are not read yet. */
export interface Plan {
  lowered: LoweredModel;
  binding: Binding;
}

/** The options that say what a file holds. */
export type FileOptions = Pick<LoadOptions, 'architecture' | 'config' | 'kernels' | 'layers'>;

/** Opens a model file. Dispose of the container when the weights are read. */
export function openModelFile(file: string, { config, kernels }: FileOptions): Promise<Container> {
  return openContainer(file, { kernels, flatten: config === undefined ? 'channels last' : 'channels first' });
}

/** The configuration of a model, and layers that it needs besides those of the table. */
export interface Described {
  spec: ModelSpec;
  layers: Readonly<Record<string, Lowering>>;
}

/** Reads the configuration of a model, from the file or beside it. */
export async function describeModel(
  file: string,
  container: Container,
  options: FileOptions,
): Promise<Described> {
  const { json, version, layers } = await configurationOf(file, container, options);
  const spec = naming(file, () => parseModel(json, dialectOf(version, json)));
  return { spec, layers: { ...layers, ...options.layers } };
}

/**
 * Turns the configuration into a graph, and finds its weights in the file.
 *
 * @throws {ModelFileError} When the model cannot be run, or the weights do not fit.
 */
export async function planModel(file: string, container: Container, options: FileOptions): Promise<Plan> {
  return planDescribed(file, container, options, await describeModel(file, container, options));
}

/** The same for a configuration that was read before. */
export async function planDescribed(
  file: string,
  container: Container,
  options: FileOptions,
  { spec, layers }: Described,
): Promise<Plan> {
  const find = finder(layers);
  checkLayers(file, spec, find);
  // A network that is not the one that the user expects is told before its weights.
  if (options.architecture !== undefined) checkArchitecture(file, spec, applicationOf(options.architecture));
  const lowered = naming(file, () => lowerModel(spec, find, container.assets));
  try {
    const binding = bindWeights(file, lowered.state, container.weights);
    checkSizes(file, container.bytes, binding);
    return { lowered, binding };
  } catch (error) {
    const application = withClassesOfFile(error, container, options);
    if (application === undefined) throw error;
    return planModel(file, container, { ...options, architecture: application });
  }
}

/** A file with only weights tells the number of classes by the shape of its last layer. */
function withClassesOfFile(
  error: unknown,
  container: Container,
  { architecture }: FileOptions,
): Application | undefined {
  if (container.config !== undefined || architecture === undefined || !(error instanceof ModelFileError))
    return undefined;
  const application = applicationOf(architecture);
  if (error.code !== 'ERR_KERAS_WRONG_SHAPE' || application.classes !== undefined) return undefined;
  const classes = error.actual?.at(-1);
  if (classes === undefined || error.layer !== applicationModel(application).classifier) return undefined;
  return { ...application, classes };
}

async function configurationOf(
  file: string,
  container: Container,
  { config, architecture }: FileOptions,
): Promise<{ json: unknown; version: string | undefined; layers?: Readonly<Record<string, Lowering>> }> {
  if (container.config !== undefined) return { json: container.config, version: container.keras };
  if (config !== undefined) {
    const json = typeof config === 'string' ? await readConfigFile(config) : config;
    return { json, version: versionOf(json) ?? container.keras };
  }
  if (architecture !== undefined) {
    const application = applicationOf(architecture);
    // The sizes of a VGG-16 follow from its weights.
    const sized = application.inputShape === undefined && application.includeTop !== false;
    if (application.name === 'vgg16' && sized && container.weights.kind === 'layers') {
      return { json: vgg16Config(file, container.weights), version: '2' };
    }
    return { ...applicationModel(application), version: '3' };
  }
  throw new ModelFileError(
    'ERR_KERAS_ONLY_WEIGHTS',
    `The file holds only weights (${container.format}). Set the option config to the model's configuration, which ` +
      `model.to_json() writes in Python, or the option architecture to the name of a keras.applications model. File: ${file}`,
    { file },
  );
}

/** A configuration of its own states the version beside the model. */
function versionOf(json: unknown): string | undefined {
  const version: unknown =
    typeof json === 'object' && json !== null && 'keras_version' in json ? json.keras_version : undefined;
  return typeof version === 'string' ? version : undefined;
}

/** Turns errors that name a layer into errors that name the file too. */
function naming<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ConfigError) {
      const subject = error.layer === undefined ? 'model_config' : `Layer ${error.layer}`;
      throw new ModelFileError('ERR_KERAS_MODEL_CONFIG', `${subject} ${error.message}: ${file}`, {
        file,
        layer: error.layer,
        cause: error,
      });
    }
    if (error instanceof LayerError) {
      throw new ModelFileError(
        error.unsupported ? 'ERR_KERAS_UNSUPPORTED_LAYER' : 'ERR_KERAS_MODEL_CONFIG',
        `Layer ${error.layer} (${error.className}) cannot be ${error.unsupported ? 'run' : 'built'}: ${error.message}: ${file}`,
        { file, layer: error.layer, cause: error },
      );
    }
    throw error;
  }
}

/** Reads the weights that a graph needs, one by one. */
export async function readWeights(
  graph: ModelGraph,
  binding: Binding,
  { signal, onProgress }: Pick<LoadOptions, 'signal' | 'onProgress'>,
): Promise<Map<WeightSlot, Numbers>> {
  const slots = [...slotsOf(graph.outputs.map(({ value }) => value))];
  const total = slots.reduce((sum, slot) => sum + (binding.get(slot)?.bytes ?? 0), 0);
  const weights = new Map<WeightSlot, Numbers>();
  let loaded = 0;
  onProgress?.({ phase: 'reading', loaded, total });
  for (const slot of slots) {
    const array = binding.get(slot);
    if (array === undefined) throw new Error(`the weight ${slot.layer}/${slot.name} was not found`);
    const data = await array.read({
      layer: slot.layer,
      signal,
      onBytes(bytes) {
        loaded += bytes;
        onProgress?.({ phase: 'reading', loaded, total });
      },
    });
    weights.set(slot, data);
  }
  onProgress?.({ phase: 'building', loaded, total });
  return weights;
}
