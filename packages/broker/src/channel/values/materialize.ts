import { types } from 'node:util';

/** Values that getters have returned already, by object and property. */
export type Reads = ReadonlyMap<object, ReadonlyMap<string, unknown>>;

/**
 * Copies a value in which getters are replaced by what they return, so that each runs once, however often the copy is
 * read. Objects that occur twice stay one. Only objects, arrays, Maps and Sets are copied. Objects lose their class, as
 * they do by structured clone.
 * @param reads Values of getters that have run already.
 */
export function materialize(value: unknown, reads: Reads): unknown {
  const copies = new Map<object, object>();

  function copy(part: unknown): unknown {
    if (typeof part !== 'object' || part === null || types.isProxy(part)) return part;
    const known = copies.get(part);
    if (known !== undefined) return known;
    if (types.isMap(part)) {
      const map = new Map<unknown, unknown>();
      copies.set(part, map);
      for (const [key, item] of part) map.set(copy(key), copy(item));
      return map;
    }
    if (types.isSet(part)) {
      const set = new Set<unknown>();
      copies.set(part, set);
      for (const item of part) set.add(copy(item));
      return set;
    }
    if (!Array.isArray(part) && !isObject(part)) return part;
    const made: object = Array.isArray(part) ? new Array(part.length) : {};
    copies.set(part, made);
    for (const name of Object.keys(part)) {
      const property = Object.getOwnPropertyDescriptor(part, name);
      const read =
        property !== undefined && 'value' in property ? (property.value as unknown) : get(part, name);
      Object.defineProperty(made, name, {
        value: copy(read),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return made;
  }

  function get(object: object, name: string): unknown {
    const known = reads.get(object);
    return known?.has(name) === true ? known.get(name) : (Reflect.get(object, name) as unknown);
  }

  return copy(value);
}

/** Whether the serializer writes it as an object with its properties, not as an error, a date or a buffer. */
function isObject(value: object): boolean {
  return (
    !types.isNativeError(value) &&
    !types.isDate(value) &&
    !types.isRegExp(value) &&
    !types.isBoxedPrimitive(value) &&
    !types.isAnyArrayBuffer(value) &&
    !ArrayBuffer.isView(value)
  );
}
