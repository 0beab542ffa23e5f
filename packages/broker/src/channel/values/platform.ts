import { types } from 'node:util';

import { type Class, classOf, inherited } from './classes.js';
import { isOfPlatform } from './platform-classes.js';

/**
 * Symbols under which Node's own objects keep their state: handles of native code, and timers. The last two are on the
 * prototypes of its watchers of files.
 */
const NODE_SYMBOLS = new Set(['kHandle', 'refed', 'kFSWatchStart', 'kFSStatWatcherStart']);

/** By prototype: the class of the platform that its objects are of, or inherit from. */
const classes = new WeakMap<object, Platform | 'own'>();

interface Platform {
  readonly name: string;
  readonly isException: boolean;
}

/**
 * The class of an object that the platform made, and that the serializer would carry without its state or not at all: a
 * Blob, a URL, a WebAssembly.Module. `undefined` for data, and for instances of the user's own classes.
 */
export function platformClass(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (typeof prototype !== 'object' || prototype === null || prototype === Object.prototype) return undefined;
  if (Array.isArray(value)) return undefined;
  let known = classes.get(prototype);
  if (known === undefined) {
    known = findPlatform(prototype) ?? 'own';
    classes.set(prototype, known);
  }
  if (known !== 'own') return isCarried(value, known) ? undefined : known.name;
  return hasNodeSymbol(value) ? (classOf(prototype)?.name ?? 'native object') : undefined;
}

/** Whether V8's serializer knows the kind of the object. It takes a DOMException for an ordinary error. */
function isCarried(value: object, { isException }: Platform): boolean {
  if (types.isNativeError(value)) return !isException;
  return (
    types.isMap(value) ||
    types.isSet(value) ||
    types.isDate(value) ||
    types.isRegExp(value) ||
    types.isBoxedPrimitive(value) ||
    types.isAnyArrayBuffer(value) ||
    ArrayBuffer.isView(value)
  );
}

function findPlatform(prototype: object): Platform | undefined {
  const chain = [...inherited(prototype)].map((holder) => ({ holder, found: classOf(holder) }));
  const names = chain.map(({ holder, found }) => platformName(holder, found));
  const name = names.find((known) => known !== undefined);
  // By its name, because each realm has a DOMException of its own.
  const isException = chain.some(({ found }) => found?.name === 'DOMException');
  return name === undefined ? undefined : { name, isException };
}

function platformName(prototype: object, found: Class | undefined): string | undefined {
  if (found !== undefined && isOfPlatform(found)) return found.name;
  return hasNodeSymbol(prototype) ? (found?.name ?? 'native object') : undefined;
}

function hasNodeSymbol(object: object): boolean {
  return Object.getOwnPropertySymbols(object).some(
    ({ description }) => description !== undefined && NODE_SYMBOLS.has(description),
  );
}
