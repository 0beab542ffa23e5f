import { types } from 'node:util';

import { platformClass } from './platform.js';

/** A part of a value that structured clone cannot carry. */
export interface Uncloneable {
  /** Its path, such as `args[0].layers[3]`. */
  readonly path: string;
  /** The reason, such as `it is a function`. */
  readonly what: string;
}

/** Deeper than any value that the serializer can handle. */
const MAX_DEPTH = 10_000;

/**
 * Finds the first part of `value` that cannot be cloned, so that the error can name its path. It need not be fast: it is
 * called only after the serializer has refused the value.
 */
export function findUncloneable(value: unknown, path: string): Uncloneable | undefined {
  const seen = new Set<object>();
  const pending: { value: unknown; path: string; depth: number }[] = [{ value, path, depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const what = uncloneableKind(next.value);
    if (what !== undefined) return { path: next.path, what };
    if (typeof next.value !== 'object' || next.value === null || seen.has(next.value)) continue;
    if (next.depth > MAX_DEPTH) return { path: next.path, what: 'it is nested too deeply' };
    seen.add(next.value);
    try {
      const depth = next.depth + 1;
      // The list is a stack. Reversed, so that parts are visited in the value's own order.
      for (const part of [...partsOf(next.value, next.path)].reverse()) pending.push({ ...part, depth });
    } catch (error) {
      if (error instanceof PartError) return { path: error.path, what: error.message };
      return { path: next.path, what: `reading it throws ${describeThrown(error)}` };
    }
  }
  return undefined;
}

/**
 * The same for a part that looks as if it could be cloned. Follows the parts that cannot be encoded by themselves.
 */
export function findByTrying(
  value: unknown,
  path: string,
  isEncodable: (value: unknown) => boolean,
): Uncloneable | undefined {
  const seen = new Set<unknown>();
  let culprit: { readonly value: unknown; readonly path: string } | undefined;
  for (let next: typeof culprit = { value, path }; next !== undefined;) {
    culprit = next;
    seen.add(culprit.value);
    next = failingPart(culprit, seen, isEncodable);
  }
  if (culprit === undefined || culprit.path === path) return undefined;
  return { path: culprit.path, what: `${describeKind(culprit.value)} cannot be cloned` };
}

function failingPart(
  { value, path }: { readonly value: unknown; readonly path: string },
  seen: ReadonlySet<unknown>,
  isEncodable: (value: unknown) => boolean,
): { readonly value: unknown; readonly path: string } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const part of partsOf(value, path)) if (!seen.has(part.value) && !isEncodable(part.value)) return part;
  return undefined;
}

function describeKind(value: unknown): string {
  return Object.prototype.toString.call(value);
}

function uncloneableKind(value: unknown): string | undefined {
  if (typeof value === 'function') return `it is a function${value.name === '' ? '' : ` (${value.name})`}`;
  if (typeof value === 'symbol') return `it is a symbol (${value.toString()})`;
  if (typeof value !== 'object' || value === null) return undefined;
  if (types.isProxy(value)) return 'it is a Proxy';
  if (types.isPromise(value)) return 'it is a promise (is an await missing?)';
  if (types.isWeakMap(value)) return 'it is a WeakMap';
  if (types.isWeakSet(value)) return 'it is a WeakSet';
  if (types.isGeneratorObject(value)) return 'it is a generator';
  if (types.isExternal(value)) return 'it is a native handle';
  const platform = platformClass(value);
  if (platform !== undefined) return `it is a ${platform}, which only its own process can use`;
  if (types.isSharedArrayBuffer(value)) return 'it is a SharedArrayBuffer, which processes cannot share';
  if (isDetached(value))
    return 'its memory is detached: with shared memory, arguments last only as long as their call';
  return undefined;
}

function isDetached(value: object): boolean {
  const buffer = ArrayBuffer.isView(value) ? value.buffer : value;
  if (!types.isArrayBuffer(buffer) || buffer.byteLength > 0) return false;
  try {
    return new Uint8Array(buffer).byteLength !== 0;
  } catch {
    return true;
  }
}

class PartError extends Error {
  readonly path: string;
  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

function* partsOf(value: object, path: string): Generator<{ value: unknown; path: string }> {
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return;
  if (types.isMap(value)) {
    let index = 0;
    for (const [key, item] of value) {
      yield { value: key, path: `${path}.keys()[${index}]` };
      yield {
        value: item,
        path: typeof key === 'string' ? `${path}.get(${JSON.stringify(key)})` : `${path}.values()[${index}]`,
      };
      index += 1;
    }
  } else if (types.isSet(value)) {
    let index = 0;
    for (const item of value) yield { value: item, path: `${path}.values()[${index++}]` };
  }
  for (const name of Object.keys(value)) {
    const place =
      Array.isArray(value) && /^\d+$/.test(name) ? `${path}[${name}]` : path + property(name, path);
    yield { value: readPart(value, name, place), path: place };
  }
}

function readPart(value: object, name: string, path: string): unknown {
  try {
    return Reflect.get(value, name);
  } catch (error) {
    throw new PartError(path, `its getter throws ${describeThrown(error)}`);
  }
}

function property(name: string, path: string): string {
  if (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) return `[${JSON.stringify(name)}]`;
  return path === '' ? name : `.${name}`;
}

function describeThrown(error: unknown): string {
  return types.isNativeError(error) ? `${error.name}: ${error.message}` : typeof error;
}
