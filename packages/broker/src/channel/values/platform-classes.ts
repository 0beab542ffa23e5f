import { createHook } from 'node:async_hooks';
import { tracingChannel } from 'node:diagnostics_channel';

import { type Class, classOf, isNative } from './classes.js';

/** The names that were global before any user code ran. */
const GLOBALS = new Set(Object.getOwnPropertyNames(globalThis));

/** Classes that are Node's or V8's own, and whose instances, or those of a user's subclass, are data. */
const DATA = new Set(['Object', 'EventEmitter', 'Stats', 'Url']);

/** Something of each class that no module exports. */
const SAMPLES = new Map<string, () => unknown>([
  ['AsyncHook', () => createHook({})],
  ['LockManager', locks],
  ['Tracing', () => process.getBuiltinModule('node:trace_events').createTracing({ categories: ['node'] })],
  ['TracingChannel', () => tracingChannel('dual:broker:sample')],
]);

function locks(): unknown {
  const navigator: unknown = Reflect.get(globalThis, 'navigator'); // from Node 21 on
  return typeof navigator === 'object' && navigator !== null ? Reflect.get(navigator, 'locks') : undefined;
}

/** The modules to look through in a runtime that does not list those that are loaded, such as Bun. */
const USUAL = ['async_hooks', 'diagnostics_channel', 'fs', 'stream', 'string_decoder', 'util'];

/** Whether the class is Node's, V8's or a native addon's, so that its instances hide their state from the serializer. */
export function isOfPlatform({ of, name }: Class): boolean {
  if (DATA.has(name)) return false;
  if (isNative(of)) return true;
  if (GLOBALS.has(name) && Reflect.get(globalThis, name) === of) return true;
  return isExported(of, name) || isOfSample(of, name);
}

/** Only loaded modules can have made an instance. */
function isExported(of: object, name: string): boolean {
  return loadedModules().some((id) => {
    const module = process.getBuiltinModule(`node:${id}`);
    return module !== undefined && Object.hasOwn(module, name) && Reflect.get(module, name) === of;
  });
}

function loadedModules(): readonly string[] {
  const list: unknown = Reflect.get(process, 'moduleLoadList');
  if (!Array.isArray(list) || list.length === 0) return USUAL;
  return list.flatMap((entry) => {
    const [, id] = /^NativeModule (?!internal\/)([a-z][\w/]*)$/.exec(String(entry)) ?? [];
    return id === undefined ? [] : [id];
  });
}

function isOfSample(of: object, name: string): boolean {
  try {
    const sample = SAMPLES.get(name)?.();
    return (
      typeof sample === 'object' &&
      sample !== null &&
      classOf(Object.getPrototypeOf(sample) as object)?.of === of
    );
  } catch {
    return false; // this Node, or this thread, cannot make one
  }
}
