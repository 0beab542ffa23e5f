import type { StoredArray, StoredLayer } from '../containers/container.js';
import { ModelFileError } from '../errors.js';
import type { WeightSlot } from '../graph/value.js';
import type { OldForm } from '../layers/layer.js';
import type { LayerState } from '../layers/lower-model.js';
import { type BindContext, fits, roleOf, slotsIn, wrongShape } from './bind-context.js';
import { derived } from './derived.js';

/**
 * Finds weights in a list for each outermost layer, as HDF5 files have them. Layers are found by name, or by their order
 * if the names are others.
 */
export function bindLayers(
  context: BindContext,
  state: LayerState,
  stored: { named: boolean; layers: readonly StoredLayer[] },
): void {
  const wanted = [...state.children.values()].filter((child) => slotsIn(child).length > 0);
  const full = stored.layers.filter(({ arrays }) => arrays.length > 0);
  const byName = new Map(full.map((layer) => [layer.name, layer]));
  const named = stored.named && wanted.some(({ spec }) => byName.has(spec.name));
  const counted = wanted.length === full.length;
  for (const [index, layer] of wanted.entries()) {
    const { name, named: stated } = layer.spec;
    // Old files do not state the name of a nested model: then its place tells.
    const found = named && (stated || !counted) ? byName.get(name) : full[index];
    if (found === undefined) throw missingLayer(context.file, layer, index, named, full.length);
    bindLayer(context, layer, found.arrays);
  }
  const names = new Set(wanted.map(({ spec }) => spec.name));
  if (counted && wanted.some(({ spec }) => !spec.named)) return;
  const extra = named ? full.find(({ name }) => !names.has(name)) : full[wanted.length];
  if (extra !== undefined) {
    throw new ModelFileError(
      'ERR_KERAS_EXTRA_LAYER',
      `Layer ${extra.name} is in the file but not in the model: ${context.file}`,
      {
        file: context.file,
        layer: extra.name,
      },
    );
  }
}

function missingLayer(
  file: string,
  layer: LayerState,
  index: number,
  named: boolean,
  count: number,
): ModelFileError {
  const { name } = layer.spec;
  const why = named
    ? `Layer ${name} is in the model but not in the file`
    : `The model needs at least ${index + 1} layers with weights (next is ${name}), but the file has ${count}`;
  return new ModelFileError('ERR_KERAS_MISSING_LAYER', `${why}: ${file}`, { file, layer: name });
}

function bindLayer(context: BindContext, layer: LayerState, arrays: readonly StoredArray[]): void {
  if (bindOldForms(context, layer, arrays)) return;
  const orders = ordersOf(layer);
  const [first = []] = orders;
  if (arrays.length < first.length) {
    const slot = first[arrays.length];
    if (slot !== undefined) throw context.missing(slot);
  }
  if (arrays.length > first.length) {
    throw new ModelFileError(
      'ERR_KERAS_WRONG_SHAPE',
      `Layer ${layer.spec.name} has ${arrays.length} weights in the file, but needs ${first.length}: ${context.file}`,
      { file: context.file, layer: layer.spec.name, weight: arrays[first.length]?.path },
    );
  }
  const fitting = orders.filter((order) => order.every((slot, index) => fitsAt(slot, arrays[index])));
  const best = fitting.reduce<readonly WeightSlot[] | undefined>(
    (known, order) => (known === undefined || score(order, arrays) > score(known, arrays) ? order : known),
    undefined,
  );
  if (best === undefined) {
    const index = first.findIndex((slot, at) => !fitsAt(slot, arrays[at]));
    const [slot, array] = [first[index], arrays[index]];
    if (slot !== undefined && array !== undefined) throw wrongShape(context.file, slot, array);
  }
  for (const [index, slot] of (best ?? first).entries()) {
    const array = arrays[index];
    if (array !== undefined) context.bind(slot, array);
  }
}

function fitsAt(slot: WeightSlot, array: StoredArray | undefined): boolean {
  return array !== undefined && fits(slot, array);
}

/** How many weights have the name in the file that they have in the layer. */
function score(order: readonly WeightSlot[], arrays: readonly StoredArray[]): number {
  return order.filter((slot, index) => roleOf(arrays[index]?.path ?? '') === slot.name).length;
}

/**
 * The orders in which Keras may have written the weights of a layer: all trainable ones before the others, counting
 * layers that were frozen, or not, or layer by layer.
 */
function ordersOf(layer: LayerState): WeightSlot[][] {
  const frozen = weightsOf(layer, false);
  const thawed = weightsOf(layer, true);
  const split = (all: readonly { slot: WeightSlot; trainable: boolean }[]) => [
    ...all.filter(({ trainable }) => trainable).map(({ slot }) => slot),
    ...all.filter(({ trainable }) => !trainable).map(({ slot }) => slot),
  ];
  return [split(frozen), split(thawed), thawed.map(({ slot }) => slot), perLayer(layer)];
}

function weightsOf(
  layer: LayerState,
  thaw: boolean,
  above = true,
): { slot: WeightSlot; trainable: boolean }[] {
  const trained = thaw || (above && layer.spec.trainable);
  return [
    ...layer.weights.map(({ slot, trainable }) => ({ slot, trainable: trainable && trained })),
    ...[...layer.children.values()].flatMap((child) => weightsOf(child, thaw, trained)),
  ];
}

/** Layer by layer, trainable weights first in each. */
function perLayer(layer: LayerState): WeightSlot[] {
  const own = [
    ...layer.weights.filter(({ trainable }) => trainable),
    ...layer.weights.filter(({ trainable }) => !trainable),
  ];
  return [...own.map(({ slot }) => slot), ...[...layer.children.values()].flatMap(perLayer)];
}

/** Binds weights of which some are in an old form, layer by layer. Returns false if none is, or they do not fit. */
function bindOldForms(context: BindContext, layer: LayerState, arrays: readonly StoredArray[]): boolean {
  const rest = [...arrays];
  const bound: [WeightSlot, StoredArray][] = [];
  const old: OldForm[] = [];
  const visit = (state: LayerState): boolean => {
    const slots = perLayer({ ...state, children: new Map() });
    const fitting = state.old.find((form) => startsWith(rest, form.shapes(slots.map(({ shape }) => shape))));
    if (slots.every((slot, index) => fitsAt(slot, rest[index]))) {
      for (const slot of slots) bound.push([slot, rest.shift() ?? missingArray()]);
    } else if (fitting !== undefined) {
      old.push(fitting);
      const sources = rest.splice(0, fitting.shapes(slots.map(({ shape }) => shape)).length);
      for (const [index, slot] of slots.entries()) {
        bound.push([slot, derived(sources, (build, stored) => fitting.combine(build, stored)[index])]);
      }
    } else {
      return false;
    }
    return [...state.children.values()].every(visit);
  };
  if (!visit(layer) || rest.length > 0 || old.length === 0) return false;
  for (const [slot, array] of bound) context.bind(slot, array);
  return true;
}

function startsWith(arrays: readonly StoredArray[], shapes: readonly (readonly number[])[]): boolean {
  return shapes.every((shape, index) => arrays[index]?.shape.join() === shape.join());
}

function missingArray(): never {
  throw new Error('the weights were counted before');
}
