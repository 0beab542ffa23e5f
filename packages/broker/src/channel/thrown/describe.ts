import { inspect, types } from 'node:util';

import type { Payload } from '../frame.js';
import { encodeOnce } from '../values/codec.js';
import { Reads } from '../values/reads.js';
import { prune } from './prune.js';

/**
 * Any thrown value, in a form that can be cloned. Errors are in a table and refer to each other by index, so that cycles
 * survive (an error that is its own cause).
 */
export interface ThrownValue {
  readonly root: ThrownPart;
  readonly errors: readonly ErrorRecord[];
}

export type ThrownPart =
  | { readonly kind: 'error'; readonly index: number }
  /** No object. */
  | { readonly kind: 'value'; readonly value: unknown }
  /** Encoded by itself: if the other process cannot decode it, nothing else is lost. */
  | { readonly kind: 'encoded'; readonly payload: Payload }
  /** A value that cannot be cloned, in words. */
  | { readonly kind: 'opaque'; readonly text: string };

export interface ErrorRecord {
  /** The built-in class that the error is of, or extends. */
  readonly builtin: BuiltinError;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: ThrownPart | undefined;
  /** The errors of an AggregateError. */
  readonly errors: readonly ThrownPart[] | undefined;
  /** Own enumerable properties. */
  readonly properties: readonly (readonly [string, ThrownPart])[];
}

export const BUILTIN_ERRORS = [
  'Error',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
  'AggregateError',
  'DOMException',
] as const;
export type BuiltinError = (typeof BUILTIN_ERRORS)[number];

/** Most errors of one table. A chain of causes might never end. */
const MAX_ERRORS = 1_000;

/**
 * Turns a thrown value into its cloneable form. Never throws, whatever the value is.
 * @param host URL of a file. Stacks end before its first frame, because the frames below show only the host's own work.
 */
export function describeThrown(thrown: unknown, host?: string): ThrownValue {
  const table = new Map<object, number>();
  const errors: ErrorRecord[] = [];

  function describePart(value: unknown): ThrownPart {
    if (types.isProxy(value)) return { kind: 'opaque', text: '[Proxy]' };
    if (isError(value)) {
      const known = table.get(value);
      if (known !== undefined) return { kind: 'error', index: known };
      if (table.size >= MAX_ERRORS) return { kind: 'opaque', text: '[further error]' };
      const index = table.size;
      table.set(value, index);
      errors[index] = describeError(value);
      return { kind: 'error', index };
    }
    return describeValue(value);
  }

  function describeError(error: object): ErrorRecord {
    const builtin = builtinOf(error);
    const members = builtin === 'AggregateError' ? read(error, 'errors') : undefined;
    return {
      builtin,
      name: text(read(error, 'name'), builtin),
      message: text(read(error, 'message'), ''),
      stack: stackOf(error, host),
      cause: hasOwn(error, 'cause') ? describePart(read(error, 'cause')) : undefined,
      errors: builtin === 'AggregateError' ? partsOf(members).map(describePart) : undefined,
      properties: ownProperties(error, builtin)
        .map((name) => [name, describePart(read(error, name))] as const)
        // A description in place of a function would look like a string of the pipeline's own.
        .filter(([, part]) => part.kind !== 'opaque'),
    };
  }

  try {
    const root = describePart(thrown);
    return { root, errors };
  } catch {
    return { root: { kind: 'opaque', text: '[a value that cannot be read]' }, errors: [] };
  }
}

/** Getters of the value run once. */
function describeValue(value: unknown): ThrownPart {
  if (isPrimitive(value)) return { kind: 'value', value };
  const reads = new Reads();
  try {
    return { kind: 'encoded', payload: encodeOnce(value, reads) };
  } catch {
    const pruned = prune(value, reads);
    if (!pruned.kept) return { kind: 'opaque', text: pruned.text };
    return { kind: 'encoded', payload: encodeOnce(pruned.value, reads) };
  }
}

function isPrimitive(value: unknown): boolean {
  return (
    (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') || value === null
  );
}

function partsOf(members: unknown): readonly unknown[] {
  return Array.isArray(members) ? members : [];
}

function stackOf(error: object, host: string | undefined): string | undefined {
  const stack = read(error, 'stack');
  if (typeof stack !== 'string') return undefined;
  if (host === undefined) return stack;
  const lines = stack.split('\n');
  const first = lines.findIndex((line) => line.startsWith('    at ') && line.includes(host));
  // An error without other frames keeps these.
  return first > 1 ? lines.slice(0, first).join('\n') : stack;
}

function isError(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (types.isNativeError(value) || isDomException(value)) return true;
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}

function isDomException(value: object): boolean {
  try {
    return Object.prototype.toString.call(value) === '[object DOMException]';
  } catch {
    return false;
  }
}

function builtinOf(error: object): BuiltinError {
  if (isDomException(error)) return 'DOMException';
  for (let type: unknown = error; typeof type === 'object' && type !== null; type = prototypeOf(type)) {
    const constructor = hasOwn(type, 'constructor') ? read(type, 'constructor') : undefined;
    const name = typeof constructor === 'function' ? constructor.name : undefined;
    const builtin = BUILTIN_ERRORS.find((candidate) => candidate === name);
    if (builtin !== undefined) return builtin;
  }
  return 'Error';
}

function prototypeOf(object: object): unknown {
  try {
    return Object.getPrototypeOf(object);
  } catch {
    return null;
  }
}

function ownProperties(error: object, builtin: BuiltinError): string[] {
  const elsewhere = new Set([
    'message',
    'stack',
    'cause',
    ...(builtin === 'AggregateError' ? ['errors'] : []),
  ]);
  try {
    return Object.keys(error).filter((name) => !elsewhere.has(name));
  } catch {
    return [];
  }
}

function hasOwn(object: object, name: string): boolean {
  try {
    return Object.prototype.hasOwnProperty.call(object, name);
  } catch {
    return false;
  }
}

/** Reads a property. A getter that throws gives undefined. */
function read(object: object, name: string): unknown {
  try {
    return Reflect.get(object, name);
  } catch {
    return undefined;
  }
}

function text(value: unknown, fallback: string): string {
  if (typeof value === 'string') return value;
  if (value === undefined) return fallback;
  try {
    return inspect(value, { depth: 0, customInspect: false });
  } catch {
    return fallback;
  }
}
