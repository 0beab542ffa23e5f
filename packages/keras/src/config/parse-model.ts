import { type Dialect, modern } from './dialects.js';
import { ConfigError, isList, isObject, type JsonObject } from './json.js';
import { fromKeras0 } from './keras0.js';
import {
  type Argument,
  type CallSpec,
  type LayerSpec,
  type ModelSpec,
  type TensorReference,
  tensorsOf,
} from './model-spec.js';
import { ordered } from './order-calls.js';

const MODELS = new Set(['Sequential', 'Functional', 'Model', 'Network', 'Container', 'Graph']);

/** Nested deeper than any real model, and shallow enough for the stack. */
const MAX_DEPTH = 64;

/** The settings that hold layers, in wrappers and recurrent layers. */
const WRAPPED = ['layer', 'backward_layer', 'cell', 'cells'];

/** Classes other than models that hold a list of layers. */
const IN_LIST = new Set(['Merge', 'Pipeline']);

/**
 * Reads the configuration of a model of any version of Keras. Nothing in it is executed.
 *
 * @param given The configuration, as `model.to_json()` writes it, parsed.
 * @throws {ConfigError} When it does not describe a model.
 */
export function parseModel(given: unknown, dialect: Dialect): ModelSpec {
  const json = dialect.major === 0 ? fromKeras0(given) : given;
  if (!isObject(json) || typeof json['class_name'] !== 'string')
    throw new ConfigError('does not describe a model');
  const spec = parseLayer(json, dialect, 0);
  if (spec.model === undefined) {
    throw new ConfigError(
      `describes a ${spec.className}, but only Sequential and Functional models can be opened`,
    );
  }
  return spec.model;
}

function parseLayer(given: JsonObject, dialect: Dialect, depth: number): LayerSpec {
  if (depth > MAX_DEPTH) throw new ConfigError(`nests layers more than ${MAX_DEPTH} deep`);
  const { className, settings, json } = modern(given, dialect);
  const name = typeof settings['name'] === 'string' ? settings['name'] : stringOr(json['name'], className);
  const isModel = MODELS.has(className) && (isList(settings['layers']) || className === 'Sequential');
  const wrapped: Record<string, LayerSpec[]> = {};
  if (!isModel) {
    for (const key of IN_LIST.has(className) ? ['layers'] : WRAPPED) {
      const inner = [settings[key]]
        .flat()
        .filter((one) => isObject(one) && typeof one['class_name'] === 'string');
      if (inner.length > 0) wrapped[key] = inner.map((one) => parseLayer(asObject(one), dialect, depth + 1));
    }
  }
  return {
    name,
    className: isModel ? (className === 'Sequential' ? 'Sequential' : 'Functional') : className,
    kind: isOperation(json, settings, dialect) ? 'operation' : 'layer',
    custom: isCustom(json, isModel),
    named: typeof settings['name'] === 'string' || typeof json['name'] === 'string',
    settings,
    trainable: settings['trainable'] !== false,
    wrapped,
    ...(isModel ? { model: parseGraph(name, className, settings, dialect, depth) } : {}),
  };
}

function parseGraph(
  name: string,
  className: string,
  settings: JsonObject,
  dialect: Dialect,
  depth: number,
): ModelSpec {
  const list = settings['layers'] ?? [];
  if (!isList(list)) throw new ConfigError('has no layers', name);
  const items = list.map((item, index) => {
    if (!isObject(item)) throw new ConfigError(`has a layer ${index} that is not an object`, name);
    return { item, layer: parseLayer(item, dialect, depth + 1) };
  });
  const layers = items.map(({ layer }) => layer);
  const names = new Set<string>();
  for (const layer of layers) {
    if (names.has(layer.name)) throw new ConfigError(`has two layers named ${layer.name}`, name);
    names.add(layer.name);
  }
  if (className === 'Sequential') {
    const branches = layers[0]?.wrapped['layers'];
    const graph =
      layers[0]?.className === 'Merge' && branches !== undefined
        ? joined(branches, layers)
        : chain(layers, settings);
    return { name, className, ...graph };
  }

  const calls = items.flatMap(({ item, layer }) => {
    const nodes = item['inbound_nodes'];
    if (!isList(nodes) || nodes.length === 0) return [];
    return nodes.map((node, index): CallSpec => {
      const { args, kwargs } = parseNode(node, names);
      return { layer, index, args, kwargs: dialect.major < 3 ? kwargs : withoutDefault(layer, kwargs) };
    });
  });
  const inputCalls = layers
    .filter((layer) => layer.className === 'InputLayer')
    .map((layer): CallSpec => ({ layer, index: 0, args: [], kwargs: {} }));
  const isReference = (value: unknown): value is readonly [string, number, number] =>
    isList(value) &&
    typeof value[0] === 'string' &&
    typeof value[1] === 'number' &&
    typeof value[2] === 'number';
  const references = (key: string): TensorReference[] => {
    const found = collect(settings[key], isReference).map(toReference);
    if (found.length === 0) throw new ConfigError(`states no ${key}`, name);
    return found;
  };
  return {
    name,
    className: 'Functional',
    layers,
    ...ordered(name, withTypes([...inputCalls, ...calls]), {
      inputs: references('input_layers'),
      outputs: references('output_layers'),
    }),
  };
}

/** Gives each call the type that a later call states for its first output. */
function withTypes(calls: readonly CallSpec[]): CallSpec[] {
  const types = new Map<string, string>();
  for (const { args, kwargs } of calls) {
    for (const { layer, call, output, dtype } of [...args, ...Object.values(kwargs)].flatMap(tensorsOf)) {
      if (output === 0 && dtype !== undefined) types.set(`${call} ${layer}`, dtype);
    }
  }
  return calls.map((call) => {
    const dtype = types.get(`${call.index} ${call.layer.name}`);
    return dtype === undefined ? call : { ...call, dtype };
  });
}

/** A Sequential has its input in its first layer, or states it itself. */
function chain(
  given: readonly LayerSpec[],
  settings: JsonObject,
): Pick<ModelSpec, 'layers' | 'calls' | 'inputs' | 'outputs'> {
  let layers = given;
  const [first] = layers;
  if (first?.className !== 'InputLayer') {
    const shape = inputShape(first) ?? settings['build_input_shape'];
    const input: LayerSpec = {
      name: first === undefined ? 'input' : `${first.name}_input`,
      className: 'InputLayer',
      kind: 'layer',
      custom: false,
      named: false,
      settings: {
        ...(isList(shape) ? { batch_shape: shape } : {}),
        dtype: inputType(first),
        implied: true,
      },
      trainable: true,
      wrapped: {},
    };
    layers = [input, ...layers];
  }
  const references = layers.map(({ name }): TensorReference => ({ layer: name, call: 0, output: 0 }));
  const calls = layers.map((layer, index): CallSpec => {
    const before = references[index - 1];
    return {
      layer,
      index: 0,
      args: before === undefined ? [] : [{ kind: 'tensor', tensor: before }],
      kwargs: {},
    };
  });
  return { layers, calls, inputs: references.slice(0, 1), outputs: references.slice(-1) };
}

/**
 * A Sequential of Keras 0 or 1 may begin with a Merge of other models. Its files keep the layers of these models as if
 * they were its own.
 */
function joined(
  branches: readonly LayerSpec[],
  [merge, ...rest]: readonly LayerSpec[],
): Pick<ModelSpec, 'layers' | 'calls' | 'inputs' | 'outputs'> {
  const models = branches.map(({ name, model }) => {
    if (model === undefined) throw new ConfigError('is merged, but is not a model', name);
    return model;
  });
  const toTensor = (tensor: TensorReference): Argument => ({ kind: 'tensor', tensor });
  const own = [merge, ...rest]
    .filter((layer) => layer !== undefined)
    .map((layer) => ({ ...layer, wrapped: layer === merge ? {} : layer.wrapped }));
  const references = own.map(({ name }): TensorReference => ({ layer: name, call: 0, output: 0 }));
  const calls = own.map((layer, index): CallSpec => {
    const before = references[index - 1];
    const items = models.flatMap(({ outputs }) => outputs.map(toTensor));
    return {
      layer,
      index: 0,
      args: before === undefined ? [{ kind: 'list', items }] : [toTensor(before)],
      kwargs: {},
    };
  });
  return {
    layers: [...models.flatMap(({ layers }) => layers), ...own],
    calls: [...models.flatMap((model) => model.calls), ...calls],
    inputs: models.flatMap(({ inputs }) => inputs),
    outputs: references.slice(-1),
  };
}

/** The shape that the first layer states, or the first layer of the model or wrapper that it is. */
function inputShape(layer: LayerSpec | undefined): unknown {
  if (layer === undefined) return undefined;
  const own = layer.settings['batch_shape'];
  if (own !== undefined) return own;
  const [inner] = layer.model?.layers ?? layer.wrapped['layer'] ?? [];
  return layer.className === 'TimeDistributed' ? undefined : inputShape(inner);
}

/** Layers that look something up take integers, whatever they compute in. */
function inputType(layer: LayerSpec | undefined): unknown {
  if (layer?.className === 'Embedding') return 'int32';
  return layer?.settings['input_dtype'] ?? 'float32';
}

function parseNode(node: unknown, names: ReadonlySet<string>): Pick<CallSpec, 'args' | 'kwargs'> {
  if (isObject(node) && isList(node['args'])) {
    const kwargs = isObject(node['kwargs']) ? node['kwargs'] : {};
    return {
      args: node['args'].map((argument) => argument3(argument)),
      kwargs: mapValues(kwargs, (argument) => argument3(argument)),
    };
  }
  return node2(node, names);
}

/** An argument in a file of Keras 3, in which tensors are objects. */
function argument3(value: unknown, depth = 0): Argument {
  if (depth > MAX_DEPTH) throw new ConfigError('has arguments that are nested too deep');
  if (isObject(value) && value['class_name'] === '__keras_tensor__') {
    const config = isObject(value['config']) ? value['config'] : {};
    const { keras_history: history, dtype } = config;
    if (!isList(history) || typeof history[0] !== 'string')
      throw new ConfigError('has a tensor without a history');
    return {
      kind: 'tensor',
      tensor: {
        layer: history[0],
        call: Number(history[1]),
        output: Number(history[2]),
        ...(typeof dtype === 'string' ? { dtype } : {}),
      },
    };
  }
  if (isList(value)) {
    const items = value.map((item) => argument3(item, depth + 1));
    return items.some(holdsTensor) ? { kind: 'list', items } : { kind: 'value', value };
  }
  // A dict of tensors counts in the order of its keys, as Keras flattens it.
  if (isObject(value) && value['class_name'] === undefined) {
    const items = Object.keys(value)
      .sort()
      .map((key) => argument3(value[key], depth + 1));
    if (items.some(holdsTensor)) return { kind: 'list', items };
  }
  return { kind: 'value', value };
}

/**
 * Keras 3 states `training: true` in each call of a layer for which it is the default. There it means nothing, because
 * `predict` overrules it.
 */
function withoutDefault({ className }: LayerSpec, kwargs: CallSpec['kwargs']): CallSpec['kwargs'] {
  const { training: _, ...others } = kwargs;
  return className.startsWith('Random') || className === 'Pipeline' ? others : kwargs;
}

function holdsTensor(argument: Argument): boolean {
  return argument.kind === 'tensor' || (argument.kind === 'list' && argument.items.some(holdsTensor));
}

/** Stands before the bounds of a slice, if any of them is a tensor. */
export const SLICE = '__slice__';

/** A call in a file of Keras 1 or 2: a list of [layer, call, output, arguments], or such a list alone. */
function node2(node: unknown, names: ReadonlySet<string>): Pick<CallSpec, 'args' | 'kwargs'> {
  const isTensor = (value: unknown): value is readonly [string, number, number, unknown?] =>
    isList(value) &&
    value.length >= 3 &&
    value.length <= 4 &&
    typeof value[0] === 'string' &&
    Number.isInteger(value[1]) &&
    (value[0] === '_CONSTANT_VALUE' || (names.has(value[0]) && Number.isInteger(value[2])));
  const toArgument = (value: readonly [string, number, number, unknown?]): Argument =>
    value[0] === '_CONSTANT_VALUE'
      ? { kind: 'value', value: value[2] }
      : { kind: 'tensor', tensor: { layer: value[0], call: value[1], output: value[2] } };
  const kwarg = (value: unknown): Argument => {
    if (isTensor(value)) return toArgument(value);
    if (isList(value)) {
      const items = value.map(kwarg);
      return items.some(holdsTensor) ? { kind: 'list', items } : { kind: 'value', value };
    }
    // The bounds of a slice may be tensors.
    if (isObject(value) && 'start' in value && 'stop' in value) {
      const items = ['start', 'stop', 'step'].map((key) => kwarg(value[key] ?? null));
      if (items.some(holdsTensor))
        return { kind: 'list', items: [{ kind: 'value', value: SLICE }, ...items] };
    }
    return { kind: 'value', value };
  };
  const single = isTensor(node);
  const found = single ? [node] : collect(node, isTensor);
  if (found.length === 0) throw new ConfigError('has a call that names no layer of the model');
  const kwargs: Record<string, Argument> = {};
  for (const [, , , more] of found) if (isObject(more)) Object.assign(kwargs, mapValues(more, kwarg));
  const args = found.map(toArgument);
  const [first] = args;
  return {
    args: args.length === 1 && first !== undefined ? [first] : [{ kind: 'list', items: args }],
    kwargs,
  };
}

function collect<T>(value: unknown, fits: (value: unknown) => value is T, depth = 0): T[] {
  if (fits(value)) return [value];
  if (depth > MAX_DEPTH) return [];
  if (isList(value)) return value.flatMap((item) => collect(item, fits, depth + 1));
  return isObject(value) ? Object.values(value).flatMap((item) => collect(item, fits, depth + 1)) : [];
}

function toReference([layer, call, output]: readonly [string, number, number]): TensorReference {
  return { layer, call, output };
}

/** The layers that do not state whether they are trainable. */
const WITHOUT_TRAINABLE = new Set([
  'HashedCrossing',
  'InputLayer',
  'SpatialDropout1D',
  'SpatialDropout2D',
  'SpatialDropout3D',
]);

/**
 * HDF5 files do not say whether `Add` is the layer or the operation. Only layers state whether they are trainable and
 * may state a policy as their type; operations have only their arguments.
 */
function isOperation(json: JsonObject, settings: JsonObject, dialect: Dialect): boolean {
  const { module, class_name: className } = json;
  if (typeof module === 'string') return module.startsWith('keras.src.ops') || module.startsWith('keras.ops');
  if (dialect.major < 3 || 'trainable' in settings || 'layers' in settings || isObject(settings['dtype']))
    return false;
  return typeof className === 'string' && !WITHOUT_TRAINABLE.has(className);
}

function isCustom(json: JsonObject, isModel: boolean): boolean {
  const module = json['module'];
  const registered = json['registered_name'];
  if (typeof registered === 'string' && registered.includes('>') && !registered.startsWith('keras'))
    return true;
  if (module === null && registered !== undefined && !isModel) return true;
  return typeof module === 'string' && !/^(keras|tensorflow|tf_keras|builtins)\b/u.test(module);
}

function mapValues<T, R>(entries: Readonly<Record<string, T>>, fn: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, fn(value)]));
}

function asObject(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function stringOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}
