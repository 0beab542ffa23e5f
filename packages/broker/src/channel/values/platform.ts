import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { Channel } from 'node:diagnostics_channel';
import { Dirent } from 'node:fs';
import { Stream } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { MIMEType, types } from 'node:util';

/** The names that were global before any user code ran. */
const GLOBALS = new Set(Object.getOwnPropertyNames(globalThis));

/** Classes of Node that are not global, and whose instances hide their state from the serializer. */
const CLASSES = new Set<unknown>([
  AsyncLocalStorage,
  AsyncResource,
  Channel,
  Dirent,
  MIMEType,
  Stream,
  StringDecoder,
]);

/** Symbols under which Node's own objects keep their state: handles of native code, and timers. */
const NODE_SYMBOLS = new Set(['kHandle', 'refed']);

/** By prototype: the name of the platform's class; `carried` if the serializer knows the kind; else `own`. */
const classes = new WeakMap<object, { readonly platform: string } | 'carried' | 'own'>();

/**
 * The class of an object that the platform made, and that the serializer would carry as an empty object or not at all:
 * a Blob, a URL, a WebAssembly.Module. `undefined` for data, and for instances of the user's own classes.
 */
export function platformClass(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (typeof prototype !== 'object' || prototype === null || prototype === Object.prototype) return undefined;
  let known = classes.get(prototype);
  if (known === undefined) {
    const platform = isCarried(value) ? undefined : findClass(prototype);
    known = isCarried(value) ? 'carried' : platform === undefined ? 'own' : { platform };
    classes.set(prototype, known);
  }
  if (known === 'carried') return undefined;
  if (known !== 'own') return known.platform;
  const isNodes = Object.getOwnPropertySymbols(value).some(
    ({ description }) => description !== undefined && NODE_SYMBOLS.has(description),
  );
  return isNodes ? (classOf(prototype)?.name ?? 'native object') : undefined;
}

/** Whether V8's serializer knows the kind of the object. It takes a DOMException for an ordinary error. */
function isCarried(value: object): boolean {
  if (types.isNativeError(value)) return Object.prototype.toString.call(value) !== '[object DOMException]';
  return (
    Array.isArray(value) ||
    types.isMap(value) ||
    types.isSet(value) ||
    types.isDate(value) ||
    types.isRegExp(value) ||
    types.isBoxedPrimitive(value) ||
    types.isAnyArrayBuffer(value) ||
    ArrayBuffer.isView(value)
  );
}

function findClass(prototype: object): string | undefined {
  for (let holder: unknown = prototype; typeof holder === 'object' && holder !== null;) {
    const found = classOf(holder);
    if (found !== undefined && isPlatform(found, holder)) return found.name;
    holder = Object.getPrototypeOf(holder);
  }
  return undefined;
}

function isPlatform(found: NamedClass, prototype: object): boolean {
  if (CLASSES.has(found.of)) return true;
  // Its class is no global: it is WebAssembly.Module. V8 can write it, but not read it in another process.
  if (Object.prototype.toString.call(prototype) === '[object WebAssembly.Module]') return true;
  return (
    found.name !== 'Object' && GLOBALS.has(found.name) && Reflect.get(globalThis, found.name) === found.of
  );
}

interface NamedClass {
  readonly of: unknown;
  readonly name: string;
}

/** The class that has this prototype. */
function classOf(prototype: object): NamedClass | undefined {
  const property = Object.getOwnPropertyDescriptor(prototype, 'constructor');
  const of: unknown = property?.value;
  if (typeof of !== 'function' || Reflect.get(of, 'prototype') !== prototype) return undefined;
  return { of, name: of.name };
}
