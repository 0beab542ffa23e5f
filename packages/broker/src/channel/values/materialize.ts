import { types } from 'node:util';

import { forEachPart, type Place } from './parts.js';
import type { Reads } from './reads.js';

/**
 * Copies the objects in which a getter is, or that lead to one. The copies have in place of getters what those have
 * returned. Objects lose their class, as they do by structured clone. All other objects stay as they are, so V8 can still
 * refuse them.
 * @param objects All objects of a value.
 * @returns The copies by their originals.
 */
export function materialize(objects: Iterable<object>, reads: Reads): ReadonlyMap<unknown, object> {
  const copies = new Map<unknown, object>();
  const fills: (() => void)[] = [];
  for (const object of leadingToGetters(objects, reads)) {
    const { copy, add } = begin(object, reads);
    copies.set(object, copy);
    fills.push(() => {
      forEachPart(object, reads, (part, place, name) => {
        add(copies.get(part) ?? part, place, name);
      });
    });
  }
  for (const fill of fills) fill();
  return copies;
}

function leadingToGetters(objects: Iterable<object>, reads: Reads): ReadonlySet<object> {
  const holders = new Map<object, object[]>();
  const found = new Set<object>();
  for (const object of objects) {
    if (reads.has(object)) found.add(object);
    forEachPart(object, reads, (part) => {
      if (typeof part !== 'object' || part === null) return;
      const known = holders.get(part);
      if (known === undefined) holders.set(part, [object]);
      else known.push(object);
    });
  }
  // A loop over a set also visits what is added meanwhile.
  for (const object of found) for (const holder of holders.get(object) ?? []) found.add(holder);
  return found;
}

interface Copy {
  readonly copy: object;
  /** Adds a part in the order of `forEachPart`. */
  readonly add: (part: unknown, place: Place, name: string | number) => void;
}

function begin(object: object, reads: Reads): Copy {
  if (types.isMap(object)) return beginMap();
  if (types.isSet(object)) {
    const copy = new Set();
    return { copy, add: (part) => copy.add(part) };
  }
  const copy = types.isNativeError(object) ? copyError(object, reads) : emptyLike(object);
  return {
    copy,
    add: (part, _place, name) => {
      define(copy, name, part);
    },
  };
}

function beginMap(): Copy {
  const copy = new Map<unknown, unknown>();
  let key: unknown;
  return {
    copy,
    add: (part, place) => {
      if (place === 'key') key = part;
      else copy.set(key, part);
    },
  };
}

/** Without its cause. */
function copyError(error: Error, reads: Reads): Error {
  const copy = new Error();
  for (const name of ['name', 'stack']) define(copy, name, reads.get(error, name));
  const message = Object.getOwnPropertyDescriptor(error, 'message');
  if (message !== undefined) define(copy, 'message', message.value);
  return copy;
}

function emptyLike(object: object): object {
  return Array.isArray(object) ? new Array(object.length) : {};
}

function define(object: object, name: string | number, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
