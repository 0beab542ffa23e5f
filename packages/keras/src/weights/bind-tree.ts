import type { StoredArray } from '../containers/container.js';
import { type LayerState, snakeCase } from '../layers/lower-model.js';
import type { BindContext } from './bind-context.js';

/** Groups of layers before Keras 2.14 or so. */
const OLD_LAYERS = '_layer_checkpoint_dependencies';

/**
 * Finds weights by the paths of Keras 3 and of Keras 2.12 to 2.15: `layers/dense_1/vars/0`.
 *
 * Source: `_save_state` and `_save_container_state` of `keras/src/saving/saving_lib.py`.
 */
export function bindTree(
  context: BindContext,
  state: LayerState,
  arrays: ReadonlyMap<string, StoredArray>,
): void {
  bindAt(context, state, new Tree(arrays), '');
}

function bindAt(context: BindContext, state: LayerState, tree: Tree, path: string): void {
  // Keras keeps the trainable weights of a layer first.
  const ordered = [
    ...state.weights.filter(({ trainable }) => trainable),
    ...state.weights.filter(({ trainable }) => !trainable),
  ];
  for (const [index, { slot }] of ordered.entries()) {
    // A few layers choose the names themselves.
    const array = tree.get(join(path, `vars/${index}`)) ?? tree.get(join(path, `vars/${slot.name}`));
    if (array === undefined) throw context.missing(slot);
    context.bind(slot, array);
  }
  for (const [child, at] of places(state, tree, path)) bindAt(context, child, tree, at);
}

/** Where the layers inside a layer are. */
function places(state: LayerState, tree: Tree, path: string): Map<LayerState, string> {
  const found = new Map<LayerState, string>();
  const lists = new Map<string, [string, LayerState][]>();
  for (const [attribute, child] of state.children) {
    const slash = attribute.lastIndexOf('/');
    if (slash < 0) found.set(child, join(path, tree.attribute(path, attribute)));
    else {
      const list = attribute.slice(0, slash);
      lists.set(list, [...(lists.get(list) ?? []), [attribute.slice(slash + 1), child]]);
    }
  }
  for (const [list, members] of lists) {
    const folder =
      [list, OLD_LAYERS].map((name) => join(path, name)).find((name) => tree.has(name)) ?? join(path, list);
    for (const [child, name] of inList(members, tree, folder)) found.set(child, join(folder, name));
  }
  return found;
}

/**
 * Groups in a list are named after classes and counted. Keras 2.13 counted every layer with weights twice. So if the
 * names do not all fit, the layers of each class are taken in the order of the numbers.
 */
function inList(
  members: readonly [string, LayerState][],
  tree: Tree,
  folder: string,
): Map<LayerState, string> {
  const result = new Map<LayerState, string>();
  const byClass = new Map<string, [string, LayerState][]>();
  for (const member of members) {
    const key = snakeCase(member[1].spec.className);
    byClass.set(key, [...(byClass.get(key) ?? []), member]);
  }
  for (const [key, list] of byClass) {
    const needed = list.filter(([, child]) => holdsWeights(child));
    const full = tree
      .children(folder)
      .filter((name) => new RegExp(`^${key}(_\\d+)?$`, 'u').test(name) && tree.holds(join(folder, name)))
      .sort((a, b) => numberOf(a) - numberOf(b));
    const exact = needed.every(([name]) => full.includes(name));
    for (const [index, [name, child]] of needed.entries())
      result.set(child, exact ? name : (full[index] ?? name));
  }
  return result;
}

function holdsWeights(state: LayerState): boolean {
  return state.weights.length > 0 || [...state.children.values()].some(holdsWeights);
}

function numberOf(name: string): number {
  return Number(/_(\d+)$/u.exec(name)?.[1] ?? 0);
}

/** The paths of a file as folders. */
class Tree {
  readonly #arrays: ReadonlyMap<string, StoredArray>;
  readonly #children = new Map<string, Set<string>>();

  constructor(arrays: ReadonlyMap<string, StoredArray>) {
    this.#arrays = arrays;
    for (const path of arrays.keys()) {
      const parts = path.split('/');
      for (let depth = 0; depth < parts.length; depth++) {
        const folder = parts.slice(0, depth).join('/');
        const children = this.#children.get(folder) ?? new Set();
        this.#children.set(folder, children.add(parts[depth] ?? ''));
      }
    }
  }

  get(path: string): StoredArray | undefined {
    return this.#arrays.get(path);
  }

  has(folder: string): boolean {
    return this.#children.has(folder);
  }

  /** A layer may be held by two attributes, of which one has an underscore: versions differ in which they write. */
  attribute(folder: string, name: string): string {
    const other = name.startsWith('_') ? name.slice(1) : `_${name}`;
    return !this.has(join(folder, name)) && this.has(join(folder, other)) ? other : name;
  }

  children(folder: string): string[] {
    return [...(this.#children.get(folder) ?? [])];
  }

  /** Whether there is a weight in a folder, at any depth. Folders without one are not known. */
  holds(folder: string): boolean {
    return this.has(folder);
  }
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}
