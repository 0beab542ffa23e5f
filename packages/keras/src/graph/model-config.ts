import { ModelFileError } from '../errors.js';

/** One layer of a `model_config`, as the file states it. */
export interface LayerConfig {
  className: string;
  name: string;
  config: Readonly<Record<string, unknown>>;
}

/**
 * The layers of a Sequential model, or of a functional one that is a chain, in the order in which data passes them.
 * The text comes from a file that anybody may have made: nothing of it is executed, and layers that carry code
 * (Lambda) are refused like all that this package does not know.
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
  if (!isRecord(model) || typeof model['class_name'] !== 'string') throw wrong('is not a model');
  const { class_name: kind, config } = model;
  // Keras before 2.2.3 stored a Sequential's layers without a config around them.
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
    `Layer ${name} takes its input from ${[...sources].join(', ') || 'nothing'}; in a VGG-16 it would be ` +
      `${expected.join() || 'the input layer'}: ${file}`,
    { file, layer: name },
  );
}

/** Keras nests six deep; a file that nests thousands is out for the stack. */
const MAX_DEPTH = 32;

/**
 * Names of the layers that a layer is connected to: Keras 3 has tensors with a `keras_history` of [layer, node, tensor],
 * Keras 1 and 2 lists of [layer, node, tensor] or [layer, node, tensor, arguments].
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
