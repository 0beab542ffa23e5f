import { types } from 'node:util';

import { functionName } from './classes.js';
import { isStackOverflow, refusedObject } from './clone.js';
import { forEachPart } from './parts.js';
import { type Link, pathOf, shorten } from './path.js';
import { platformClass } from './platform.js';
import { GetterError, type Reads } from './reads.js';

/** A part of a value that structured clone cannot carry. */
export interface Uncloneable {
  /** Its path, such as `args[0].layers[3]`. */
  readonly path: string;
  /** The reason, such as `it is a function`. */
  readonly what: string;
}

const MAX_TEXT = 200;

/**
 * Finds out why `value` cannot be cloned, so that the error can name the part. The time is proportional to the number of
 * objects in it, however deep they are.
 * @param refusal The error that cloning has thrown.
 * @param reads The getters that have run. They do not run again.
 */
export function findUncloneable(value: unknown, name: string, refusal: unknown, reads: Reads): Uncloneable {
  const root: Link = { part: value, holder: undefined, place: 'property', name, depth: 0 };
  let deepest = root;
  const kind = search(root, reads, (link) => {
    if (link.depth > deepest.depth) deepest = link;
    return uncloneableKind(link.part);
  });
  if (kind !== undefined) return kind;
  if (isStackOverflow(refusal)) return { path: pathOf(deepest), what: 'it is nested too deeply' };
  const refused = refusedObject(value, reads);
  const place = search(root, reads, ({ part }) =>
    refused !== undefined && part === refused ? `${tagOf(part)} cannot be cloned` : undefined,
  );
  const what = types.isNativeError(refusal) ? refusal.message : 'it cannot be cloned';
  return place ?? { path: pathOf(root), what };
}

/** Visits the parts in the value's own order, and stops at the first for which `test` gives a reason. */
function search(root: Link, reads: Reads, test: (link: Link) => string | undefined): Uncloneable | undefined {
  const seen = new Set<object>();
  const pending = [root];
  for (let link = pending.pop(); link !== undefined; link = pending.pop()) {
    const what = test(link);
    if (what !== undefined) return { path: pathOf(link), what };
    const { part } = link;
    if (typeof part !== 'object' || part === null || seen.has(part)) continue;
    seen.add(part);
    try {
      // The list is a stack: its last link is visited next.
      for (const next of linksOf(part, link, reads).reverse()) pending.push(next);
    } catch (error) {
      if (!(error instanceof GetterError)) throw error;
      const { property: name, cause } = error;
      const path = pathOf({ part: undefined, holder: link, place: 'property', name, depth: link.depth + 1 });
      return { path, what: `its getter throws ${describeThrown(cause)}` };
    }
  }
  return undefined;
}

/** The parts that may be uncloneable, or lead to such parts. */
function linksOf(object: object, holder: Link, reads: Reads): Link[] {
  const links: Link[] = [];
  const depth = holder.depth + 1;
  forEachPart(object, reads, (part, place, name) => {
    if ((typeof part === 'object' && part !== null) || typeof part === 'function' || typeof part === 'symbol')
      links.push({ part, holder, place, name, depth });
  });
  return links;
}

function tagOf(part: unknown): string {
  return Object.prototype.toString.call(part);
}

function uncloneableKind(value: unknown): string | undefined {
  if (typeof value === 'function') return `it is a function${inBrackets(functionName(value))}`;
  if (typeof value === 'symbol') return `it is a symbol${inBrackets(value.toString())}`;
  if (typeof value !== 'object' || value === null) return undefined;
  if (types.isProxy(value)) return 'it is a Proxy';
  if (types.isPromise(value)) return 'it is a promise (is an await missing?)';
  if (types.isWeakMap(value)) return 'it is a WeakMap';
  if (types.isWeakSet(value)) return 'it is a WeakSet';
  if (types.isGeneratorObject(value)) return 'it is a generator';
  if (types.isExternal(value)) return 'it is a native handle';
  const platform = platformClass(value);
  if (platform !== undefined) return `it is an instance of ${platform}, which exists only in its own process`;
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

function describeThrown(error: unknown): string {
  try {
    if (types.isNativeError(error)) return shorten(`${error.name}: ${error.message}`, MAX_TEXT);
  } catch {
    // The error has getters of its own.
  }
  return typeof error;
}

function inBrackets(text: string): string {
  return text === '' ? '' : ` (${shorten(text, MAX_TEXT)})`;
}
