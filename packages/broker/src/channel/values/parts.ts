import { types } from 'node:util';

import { inherited, isNative } from './classes.js';
import type { Reads } from './reads.js';

/** How an object holds a part: a property or element, the key of a Map, or an entry of a Map or Set. */
export type Place = 'property' | 'key' | 'entry';

/** @param name Name of the property; key of the entry, if it is a text; otherwise the index of the entry. */
type Visit = (part: unknown, place: Place, name: string | number) => void;

/**
 * Visits the parts of an object that V8's serializer reads, in the same order. Only getters run code of the user.
 * @throws {GetterError} If a getter throws.
 */
export function forEachPart(object: object, reads: Reads, visit: Visit): void {
  if (Array.isArray(object)) visitProperties(object, reads, visit);
  else if (types.isMap(object)) visitMap(object, visit);
  else if (types.isSet(object)) visitSet(object, visit);
  else if (isPlain(object)) visitProperties(object, reads, visit);
  else if (types.isNativeError(object)) visitError(object, reads, visit);
  else if (!isLeaf(object)) visitProperties(object, reads, visit);
}

/** Whether it cannot be of another kind, unless its prototype was changed. */
function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === Object.prototype || prototype === null;
}

function visitProperties(object: object, reads: Reads, visit: Visit): void {
  for (const name of Object.keys(object)) visit(readProperty(object, name, reads), 'property', name);
}

/** @throws {GetterError} If it is a getter that throws. */
export function readProperty(object: object, name: string, reads: Reads): unknown {
  const property = Object.getOwnPropertyDescriptor(object, name);
  return property?.get === undefined ? property?.value : reads.get(object, name);
}

function visitMap(map: ReadonlyMap<unknown, unknown>, visit: Visit): void {
  let index = 0;
  // Not by its iterator, which a subclass may replace.
  Map.prototype.forEach.call(map, (item: unknown, key: unknown) => {
    visit(key, 'key', index);
    visit(item, 'entry', typeof key === 'string' ? key : index);
    index += 1;
  });
}

function visitSet(set: ReadonlySet<unknown>, visit: Visit): void {
  let index = 0;
  Set.prototype.forEach.call(set, (item: unknown) => {
    visit(item, 'entry', index);
    index += 1;
  });
}

/** Of an error V8 reads the name and the stack, which may be getters, the message and the cause. */
function visitError(error: Error, reads: Reads, visit: Visit): void {
  for (const name of ['name', 'stack'])
    if (hasGetter(error, name)) visit(reads.get(error, name), 'property', name);
  const cause = Object.getOwnPropertyDescriptor(error, 'cause');
  if (cause !== undefined) visit(cause.value, 'property', 'cause');
}

/** Whether reading the property runs code of the user. From Node 22 on, V8's own `stack` is a getter too. */
function hasGetter(object: object, name: string): boolean {
  for (const holder of inherited(object)) {
    const property = Object.getOwnPropertyDescriptor(holder, name);
    if (property === undefined) continue;
    const getter: unknown = Reflect.get(property, 'get');
    return typeof getter === 'function' && !isNative(getter);
  }
  return false;
}

/** Whether V8 writes only the object's own content, and none of its properties. */
function isLeaf(object: object): boolean {
  return (
    ArrayBuffer.isView(object) ||
    types.isAnyArrayBuffer(object) ||
    types.isDate(object) ||
    types.isRegExp(object) ||
    types.isBoxedPrimitive(object)
  );
}
