import { isList } from '../config/json.js';
import type { Argument, CallSpec, LayerSpec, ModelSpec, TensorReference } from '../config/model-spec.js';
import { Builder } from '../graph/builder.js';
import { operationsOf } from '../graph/model-graph.js';
import type { Operation } from '../graph/operations.js';
import { GraphError } from '../graph/shapes.js';
import { type DType, newValue, type Value, type WeightSlot } from '../graph/value.js';
import {
  type CallArgument,
  type DeclareWeight,
  type LayerCall,
  type LayerEntry,
  type Lowered,
  type Masked,
  type OldForm,
  tensorsIn,
  UnsupportedError,
} from './layer.js';

/** The weights of a layer and of the layers inside it, in the order in which Keras creates them. */
export interface LayerState {
  spec: { name: string; named: boolean; className: string; trainable: boolean };
  weights: { slot: WeightSlot; trainable: boolean; value: Value }[];
  /** Other forms in which old files keep these weights. */
  old: readonly OldForm[];
  /** The path of the layer in `.keras` files. */
  folder: string;
  /** By the attribute that holds the layer, as `.weights.h5` files of Keras 3 name its group. */
  children: Map<string, LayerState>;
}

/** A layer in a model, for people. */
export interface LayerSummary {
  /** Nested layers are `outer/inner`. */
  name: string;
  className: string;
  /** Of its first call. */
  outputs: readonly Value[];
}

/** A model as a graph. */
export interface LoweredModel {
  inputs: { name: string; value: Value }[];
  outputs: { name: string; value: Value }[];
  layers: LayerSummary[];
  state: LayerState;
  /** The layer that each operation belongs to. */
  layerOf: ReadonlyMap<Operation, string>;
}

/** A layer cannot be written as operations. */
export class LayerError extends Error {
  override readonly name = 'LayerError';
  readonly layer: string;
  readonly className: string;
  readonly unsupported: boolean;

  constructor(layer: string, className: string, cause: GraphError | UnsupportedError) {
    super(cause.message, { cause });
    this.layer = layer;
    this.className = className;
    this.unsupported = cause instanceof UnsupportedError;
  }
}

/** Finds what to do with a layer. */
export type FindEntry = (layer: LayerSpec) => LayerEntry | undefined;

/** Texts that layers refer to, by path. */
export type Assets = ReadonlyMap<string, Buffer>;

/**
 * Writes a model as a graph of operations.
 *
 * @throws {LayerError} When a layer's settings or inputs do not fit, or cannot be run.
 */
export function lowerModel(model: ModelSpec, find: FindEntry, assets: Assets = new Map()): LoweredModel {
  const lowering = new ModelLowering(find, assets);
  const inputs = model.inputs.map(({ layer }) => {
    const spec = model.layers.find(({ name }) => name === layer);
    if (spec === undefined) throw new GraphError(`the input ${layer} is not in the model`);
    return { name: layer, value: inputValue(spec) };
  });
  const state = newState({ name: model.name, named: true, className: model.className, trainable: true });
  const outputs = lowering.run(
    model,
    inputs.map(({ value }) => ({ value, mask: undefined })),
    state,
    '',
  );
  return {
    inputs,
    outputs: outputs.map(({ value }, index) => ({ name: model.outputs[index]?.layer ?? '', value })),
    layers: lowering.layers,
    state,
    layerOf: lowering.layerOf,
  };
}

class ModelLowering {
  readonly layers: LayerSummary[] = [];
  readonly layerOf = new Map<Operation, string>();
  readonly #find: FindEntry;
  readonly #build = new Builder();
  readonly #seen = new Set<string>();
  readonly #assets: Assets;

  constructor(find: FindEntry, assets: Assets) {
    this.#find = find;
    this.#assets = assets;
  }

  run(model: ModelSpec, inputs: readonly Masked[], state: LayerState, path: string): Masked[] {
    const results = new Map<string, readonly Masked[]>();
    const keyOf = (layer: string, call: number) => `${call} ${layer}`;
    for (const [index, reference] of model.inputs.entries()) {
      const input = inputs[index];
      if (input !== undefined) results.set(keyOf(reference.layer, reference.call), [input]);
    }
    const groups = groupNames(model.layers);
    const tensor = ({ layer, call, output }: TensorReference): Masked => {
      const found = results.get(keyOf(layer, call))?.[output];
      if (found === undefined)
        throw new GraphError(`output ${output} of call ${call} of ${layer} does not exist`);
      return found;
    };
    const argument = (given: Argument): CallArgument => {
      switch (given.kind) {
        case 'tensor':
          return {
            kind: 'tensor',
            tensor: tensor(given.tensor),
            ...(given.tensor.dtype === undefined ? {} : { dtype: given.tensor.dtype }),
          };
        case 'list':
          return { kind: 'list', items: given.items.map(argument) };
        case 'value':
          return given;
      }
    };
    // In the order of the model, not of the calls: files keep weights in this order.
    for (const [layer, group] of groups) childState(state, `layers/${group}`, layer);
    for (const call of model.calls) {
      const key = keyOf(call.layer.name, call.index);
      if (results.has(key)) continue;
      const group = groups.get(call.layer);
      const child =
        group === undefined ? newState(call.layer) : childState(state, `layers/${group}`, call.layer);
      const name = `${path}${call.layer.name}`;
      const outputs = this.#guarded(name, call.layer, () => {
        const args = call.args.map(argument);
        const kwargs = Object.fromEntries(
          Object.entries(call.kwargs).map(([name, value]) => [name, argument(value)]),
        );
        return this.#call(call.layer, child, name, { args, kwargs, dtype: call.dtype });
      });
      results.set(key, outputs);
      this.#label(name, outputs);
      this.#summarize(name, call, outputs);
    }
    return model.outputs.map(tensor);
  }

  /** Notes which operations a layer made: those behind its outputs that no layer made before. */
  #label(name: string, outputs: readonly Masked[]): void {
    const values = outputs.flatMap(({ value, mask }) => (mask === undefined ? [value] : [value, mask]));
    const isLabelled = ({ source }: Value) =>
      source.kind === 'operation' && this.layerOf.has(source.operation);
    for (const operation of operationsOf(values, isLabelled)) this.layerOf.set(operation, name);
  }

  #summarize(name: string, { layer }: CallSpec, outputs: readonly Masked[]): void {
    if (layer.kind === 'operation' || this.#seen.has(name)) return;
    this.#seen.add(name);
    this.layers.push({ name, className: layer.className, outputs: outputs.map(({ value }) => value) });
  }

  /** Calls a layer, a model or an operation. */
  #call(
    layer: LayerSpec,
    state: LayerState,
    path: string,
    {
      args,
      kwargs,
      dtype,
    }: {
      args: readonly CallArgument[];
      kwargs: Readonly<Record<string, CallArgument>>;
      dtype?: string | undefined;
    },
  ): Masked[] {
    const tensors = args.flatMap(tensorsIn);
    const explicit = explicitMasks(kwargs['mask']);
    const masks = tensors.map((tensor, index) => explicit[index] ?? tensor.mask);
    if (layer.model !== undefined) {
      const inputs = tensors.map(({ value }, index): Masked => ({ value, mask: masks[index] }));
      return this.run(layer.model, inputs, state, `${path}/`);
    }
    const entry = this.#find(layer);
    if (entry === undefined) throw new UnsupportedError('this package does not know the class');
    if (entry.kind === 'refused') throw new UnsupportedError(entry.reason);
    if (entry.kind === 'identity') return this.#unchanged(tensors, entry.floats);
    const call: LayerCall = {
      name: path,
      className: layer.className,
      config: layer.settings,
      inputs: tensors.map(({ value }) => value),
      masks,
      args,
      kwargs,
      ...(dtype === undefined ? {} : { outputDtype: dtype }),
      build: this.#build,
      wrapped: layer.wrapped,
      weights: declareIn(state, path),
      asset: (name) => this.#assets.get(`${state.folder}/${name}`)?.toString('utf8'),
      call: (inner, attribute, inputs) => {
        const innerPath = `${path}/${inner.name}`;
        const items = inputs.map((input): CallArgument => ({ kind: 'tensor', tensor: input }));
        const [only] = items;
        const innerArgs: CallArgument[] =
          items.length === 1 && only !== undefined ? [only] : [{ kind: 'list', items }];
        return this.#guarded(innerPath, inner, () =>
          this.#call(inner, childState(state, attribute, inner), innerPath, { args: innerArgs, kwargs: {} }),
        );
      },
      inner: (attribute, { className = attribute, old } = {}) => {
        const child = childState(state, attribute, {
          name: attribute,
          named: true,
          className,
          trainable: true,
        });
        if (old !== undefined) child.old = old;
        return declareIn(child, path);
      },
      oldForms: (...forms) => {
        state.old = forms;
      },
    };
    return masked(
      entry.lower(call),
      entry.masks === 'pass' ? masks.find((one) => one !== undefined) : undefined,
    );
  }

  #unchanged([first, ...more]: readonly Masked[], floats: boolean): Masked[] {
    if (first === undefined || !floats) return first === undefined ? [] : [first];
    if (more.length > 0) throw new UnsupportedError('it is called with more than images');
    return [{ ...first, value: this.#build.cast(first.value, 'float32') }];
  }

  #guarded<T>(name: string, { className }: LayerSpec, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof GraphError || error instanceof UnsupportedError)
        throw new LayerError(name, className, error);
      throw error;
    }
  }
}

/** The masks that a call states itself: one, or one for each input. */
function explicitMasks(argument: CallArgument | undefined): (Value | undefined)[] {
  const items = argument?.kind === 'list' ? argument.items : [argument];
  return items.map((item) => tensorsIn(item)[0]?.value);
}

function masked(lowered: Lowered, passed: Value | undefined): Masked[] {
  if (isValues(lowered)) return lowered.map((value) => ({ value, mask: passed }));
  if ('masks' in lowered)
    return lowered.values.map((value, index) => ({ value, mask: lowered.masks[index] }));
  return [{ value: lowered, mask: passed }];
}

function isValues(lowered: Lowered): lowered is readonly Value[] {
  return Array.isArray(lowered);
}

function newState(spec: LayerState['spec'], folder = ''): LayerState {
  return { spec, weights: [], old: [], folder, children: new Map() };
}

function childState(parent: LayerState, attribute: string, spec: LayerState['spec']): LayerState {
  let child = parent.children.get(attribute);
  if (child === undefined) {
    child = newState(spec, parent.folder === '' ? attribute : `${parent.folder}/${attribute}`);
    parent.children.set(attribute, child);
  }
  return child;
}

/** A layer that is called several times declares its weights each time, but has them once. */
function declareIn(state: LayerState, layer: string): DeclareWeight {
  return (name, shape, { trainable = true, dtype = 'float32', convolution = false } = {}) => {
    const known = state.weights.find(({ slot }) => slot.name === name);
    if (known !== undefined) {
      if (known.slot.shape.join() === shape.join()) return known.value;
      throw new GraphError(
        `the weight ${name} cannot have the shapes (${known.slot.shape.join(', ')}) and (${shape.join(', ')})`,
      );
    }
    const slot: WeightSlot = { name, layer, shape, dtype, convolution };
    const value = newValue(shape, dtype, { kind: 'weight', slot });
    state.weights.push({ slot, trainable, value });
    return value;
  };
}

/** The names of the groups of a model's layers in `.weights.h5` files: class names, counted. */
export function groupNames(layers: readonly LayerSpec[]): Map<LayerSpec, string> {
  const used = new Map<string, number>();
  const names = new Map<LayerSpec, string>();
  for (const layer of layers) {
    if (layer.settings['implied'] === true || layer.kind === 'operation') continue;
    const name = snakeCase(layer.className);
    const number = used.get(name);
    used.set(name, (number ?? -1) + 1);
    names.set(layer, number === undefined ? name : `${name}_${number + 1}`);
  }
  return names;
}

/** Source: `to_snake_case` in `keras/src/utils/naming.py`. */
export function snakeCase(name: string): string {
  return name
    .replaceAll(/\W+/gu, '')
    .replaceAll(/(.)([A-Z][a-z]+)/gu, '$1_$2')
    .replaceAll(/([a-z])([A-Z])/gu, '$1_$2')
    .toLowerCase();
}

function inputValue({ name, settings }: LayerSpec): Value {
  const shape = settings['batch_shape'] ?? settings['batch_input_shape'];
  if (
    !isList(shape) ||
    !shape.every((length) => length === null || (typeof length === 'number' && length >= 0))
  ) {
    throw new LayerError(
      name,
      'InputLayer',
      new GraphError('the file does not state the shape of the input'),
    );
  }
  const [, ...rest] = shape;
  return newValue(
    [null, ...rest.map((length) => (typeof length === 'number' ? length : null))],
    dtypeOf(settings['dtype']),
    { kind: 'input', name },
  );
}

/** The type in which values of a type of Keras are computed. */
export function dtypeOf(dtype: unknown): DType {
  const name = typeof dtype === 'string' ? dtype : 'float32';
  if (name === 'string') return 'string';
  if (name === 'bool') return 'bool';
  if (name === 'int64' || name === 'uint64') return 'int64';
  return /^u?int/u.test(name) ? 'int32' : 'float32';
}
