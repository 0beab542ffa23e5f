import { ModelFileError } from '../errors.js';

/** One layer of a `model_config`, as the file states it. */
export interface LayerConfig {
  className: string;
  name: string;
  config: Readonly<Record<string, unknown>>;
}

/**
 * Lists the layers of a model in the order in which data passes through them. The model is Sequential, or a functional
 * model that is a chain.
 *
 * Nothing in the text is executed, because anyone may have made the file.
 *
 * @param json The attribute `model_config` of the file.
 * @throws {ModelFileError} When the text does not describe a model, or the model is not a chain.
 */
export function chainOfLayers(file: string, json: string): LayerConfig[] {
  const wrong = (reason: string, cause?: unknown) =>
    new ModelFileError('ERR_KERAS_MODEL_CONFIG', `model_config ${reason}: ${file}`, { file, cause });

  let model: unknown;
  try {
    model = JSON.parse(json);
  } catch (cause) {
    throw wrong('is not JSON', cause);
  }
  if (!isRecord(model) || typeof model['class_name'] !== 'string') throw wrong('does not describe a model');
  const { class_name: kind, config } = model;
  // Before version 2.2.3, Keras stored the layers of a Sequential model directly as its config.
  const layers = Array.isArray(config) ? config : isRecord(config) ? config['layers'] : undefined;
  if (!Array.isArray(layers)) throw wrong('has no layers');

  const chain: LayerConfig[] = [];
  for (const layer of layers as readonly unknown[]) {
    if (!isRecord(layer)) throw wrong('has a layer that is not an object');
    const { class_name: className, config: settings } = layer;
    if (typeof className !== 'string' || !isRecord(settings))
      throw wrong('has a layer without class_name or config');
    const name = typeof settings['name'] === 'string' ? settings['name'] : className;
    if (chain.some((other) => other.name === name)) throw wrong(`has two layers named ${name}`);
    if (kind !== 'Sequential') checkFollows(file, name, layer['inbound_nodes'], chain.at(-1));
    chain.push({ className, name, config: settings });
  }
  return chain;
}

function checkFollows(
  file: string,
  name: string,
  inboundNodes: unknown,
  before: LayerConfig | undefined,
): void {
  const sources = new Set<string>();
  collectSources(inboundNodes, sources);
  const expected = before === undefined ? [] : [before.name];
  if ([...sources].join() === expected.join()) return;
  throw new ModelFileError(
    'ERR_KERAS_NOT_THIS_ARCHITECTURE',
    `Layer ${name} takes its input from ${[...sources].join(', ') || 'nothing'}, but a VGG-16 needs ` +
      `${expected.join() || 'nothing'} there: ${file}`,
    { file, layer: name },
  );
}

/** Keras nests six levels deep. A malicious file may nest thousands, to overflow the stack. */
const MAX_DEPTH = 32;

/**
 * Collects the names of the layers from which a layer takes its input. Keras 3 writes tensors with a `keras_history` of
 * [layer, node, tensor]. Keras 1 and 2 write lists of [layer, node, tensor] or [layer, node, tensor, arguments].
 */
function collectSources(value: unknown, sources: Set<string>, depth = 0): void {
  if (depth > MAX_DEPTH) return;
  if (Array.isArray(value)) {
    const [name, node, tensor] = value as readonly unknown[];
    if (typeof name === 'string' && typeof node === 'number' && typeof tensor === 'number') sources.add(name);
    else for (const entry of value as readonly unknown[]) collectSources(entry, sources, depth + 1);
  } else if (isRecord(value)) {
    for (const entry of Object.values(value)) collectSources(entry, sources, depth + 1);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
