import { types } from 'node:util';

import { encodeOnce } from '../values/codec.js';
import { readProperty } from '../values/parts.js';
import type { Reads } from '../values/reads.js';

export type Pruned =
  | { readonly kept: true; readonly value: unknown }
  /** No part of it can be cloned. The text describes it. */
  | { readonly kept: false; readonly text: string };

const MAX_DEPTH = 50;

/**
 * Copies the cloneable parts of a value that cannot be cloned as a whole. For properties of errors: losing a function is
 * better than losing everything next to it.
 * @param reads The getters that have run. They do not run again.
 */
export function prune(value: unknown, reads: Reads): Pruned {
  return pruneWithin(value, { copies: new Map(), reads }, 0);
}

interface Pruning {
  readonly copies: Map<object, object>;
  readonly reads: Reads;
}

function pruneWithin(value: unknown, pruning: Pruning, depth: number): Pruned {
  if (typeof value === 'function') return { kept: false, text: `[Function ${value.name || '(anonymous)'}]` };
  if (typeof value === 'symbol') return { kept: false, text: value.toString() };
  if (typeof value !== 'object' || value === null) return { kept: true, value };
  if (types.isProxy(value)) return { kept: false, text: '[Proxy]' };
  const { copies, reads } = pruning;
  const copied = copies.get(value);
  if (copied !== undefined) return { kept: true, value: copied };
  if (depth < MAX_DEPTH && isContainer(value)) {
    const copy: object = Array.isArray(value) ? [] : {};
    copies.set(value, copy);
    for (const name of Object.keys(value)) copyPart(value, name, copy, pruning, depth);
    return { kept: true, value: copy };
  }
  try {
    encodeOnce(value, reads);
    return { kept: true, value };
  } catch {
    return { kept: false, text: Object.prototype.toString.call(value) };
  }
}

function isContainer(value: object): boolean {
  if (Array.isArray(value)) return true;
  return !ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Object]';
}

function copyPart(from: object, name: string, to: object, pruning: Pruning, depth: number): void {
  let part: Pruned;
  try {
    part = pruneWithin(readProperty(from, name, pruning.reads), pruning, depth + 1);
  } catch {
    return; // a getter that throws
  }
  if (!part.kept) return;
  Object.defineProperty(to, name, {
    value: part.value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}
