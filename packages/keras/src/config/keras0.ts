import { ConfigError, isList, isObject, type JsonObject } from './json.js';

/**
 * Brings a configuration of Keras 0.x to the form of Keras 1. There, a layer has its class in `name`, and its settings
 * beside it.
 *
 * @throws {ConfigError} When it does not describe a Sequential.
 */
export function fromKeras0(json: unknown): unknown {
  if (!isObject(json) || 'class_name' in json) return json;
  const { name, layers } = json;
  if (name !== 'Sequential' || !isList(layers)) {
    throw new ConfigError(`describes a ${String(name)} of Keras 0, of which only Sequential can be opened`);
  }
  const counted = new Map<string, number>();
  return {
    class_name: 'Sequential',
    config: layers.map((layer) => {
      if (!isObject(layer) || typeof layer['name'] !== 'string')
        throw new ConfigError('has a layer without a name');
      const own =
        typeof layer['custom_name'] === 'string' ? layer['custom_name'] : layer['name'].toLowerCase();
      const number = (counted.get(own) ?? 0) + 1;
      counted.set(own, number);
      return { class_name: layer['name'], config: settingsOf(layer, `${own}_${number}`) };
    }),
  };
}

function settingsOf(layer: JsonObject, name: string): JsonObject {
  const { custom_name: _, ...settings } = layer;
  return { ...settings, name };
}
