import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';

import type { Init } from '../channel/messages.js';
import { kindOf, listOf } from '../errors.js';

const OWN_MODULE = Symbol.for('@dual/broker/own-module');

/** A start failure that another try cannot help: the options do not fit the pipeline. */
export class PermanentStartError extends Error {}

/** A pipeline: any object with methods. */
export type Pipeline = object;

/** A wrapper: a promise would take a pipeline that has a method `then` for another promise. */
export interface Loaded {
  readonly pipeline: Pipeline;
}

/**
 * Imports the pipeline's module and constructs the pipeline.
 * @throws {TypeError} If the module has no such export, or makes no object. Any other error comes from Node, or from the
 * user's own code.
 */
export async function loadPipeline({ module, export: exportName, args }: Init): Promise<Loaded> {
  const factory = findFactory(await importModule(module), module, exportName);
  const made = construct(factory, args);
  // Only a promise is awaited, not every thenable: a pipeline may have a method `then`.
  const pipeline: unknown = types.isPromise(made) ? await made : made;
  if ((typeof pipeline === 'object' && pipeline !== null) || typeof pipeline === 'function')
    return { pipeline };
  throw new TypeError(
    `the pipeline must be an object with methods, and ${module} made ${kindOf(pipeline)}. Its export is not the method itself, but makes the pipeline: write export default () => ({ run: (value) => … }), and call 'run'`,
  );
}

async function importModule(module: string): Promise<object> {
  // A broker within the module can tell by this that it would start this process again.
  Object.defineProperty(globalThis, OWN_MODULE, { value: module });
  return (await import(module.startsWith('file:') ? module : resolved(module))) as object;
}

/**
 * Resolves a bare specifier relative to the working directory, not to this package. The broker starts Node with the flag
 * that makes the second parameter count.
 */
function resolved(specifier: string): string {
  const folder = process.cwd();
  try {
    return import.meta.resolve(specifier, pathToFileURL(resolve(folder, 'pipeline.js')));
  } catch (cause) {
    if (!types.isNativeError(cause) || Reflect.get(cause, 'code') !== 'ERR_MODULE_NOT_FOUND') throw cause;
    const message = `there is no package ${JSON.stringify(specifier)} in the working directory of the pipeline (${folder}), or above it. A file is given as new URL('./pipeline.js', import.meta.url)`;
    throw Object.assign(new Error(message, { cause }), { code: 'ERR_MODULE_NOT_FOUND' });
  }
}

type Factory = ((...args: readonly unknown[]) => unknown) & (new (...args: readonly unknown[]) => unknown);

function findFactory(namespace: object, module: string, exportName: string | undefined): Factory {
  const names = exportName === undefined ? ['default', 'makePipeline'] : [exportName];
  // The exports of a CommonJS module are behind `default`. If TypeScript compiled it, its default is `default.default`.
  const commonJs: unknown = Reflect.get(namespace, 'default');
  const places = [namespace, ...(typeof commonJs === 'object' && commonJs !== null ? [commonJs] : [])];
  for (const place of places) {
    for (const name of names) {
      const found: unknown = Reflect.get(place, name);
      if (typeof found === 'function') return found as Factory;
    }
  }
  const wanted = names.map((name) => JSON.stringify(name)).join(' or ');
  const wrong = names.find((name) => Reflect.has(namespace, name));
  const why =
    wrong === undefined
      ? `${module} has no export ${wanted}`
      : `the export ${JSON.stringify(wrong)} of ${module} is ${kindOf(Reflect.get(namespace, wrong))}, and must be a class, or a function that returns the pipeline`;
  throw new TypeError(`${why}; it exports ${listExports(namespace)}. The option 'export' names another.`);
}

const MAX_LISTED = 10;

/** The exports with their kinds: the one that was looked for may be there, as an object. */
function listExports(namespace: object): string {
  const names = Object.keys(namespace);
  if (names.length === 0) return 'nothing';
  const kinds = names.map((name) => {
    const value: unknown = Reflect.get(namespace, name);
    return typeof value === 'function' ? name : `${name} (${kindOf(value)})`;
  });
  return listOf(kinds, MAX_LISTED);
}

function construct(factory: Factory, args: readonly unknown[]): unknown {
  return isClass(factory) ? new factory(...args) : factory(...args);
}

/** Whether a function is called with `new`. */
export function isClass(factory: object): boolean {
  if (/^class\b/.test(Function.prototype.toString.call(factory))) return true;
  // A class compiled to ES5 is a function whose prototype has methods.
  const prototype: unknown = Reflect.get(factory, 'prototype');
  return typeof prototype === 'object' && prototype !== null && Reflect.ownKeys(prototype).length > 1;
}

/** Lets the pipeline clean up by `[Symbol.asyncDispose]()`, else `[Symbol.dispose]()`, else `close()`. */
export async function dispose(pipeline: Pipeline): Promise<void> {
  for (const name of [Symbol.asyncDispose, Symbol.dispose, 'close']) {
    const method: unknown = Reflect.get(pipeline, name);
    if (typeof method !== 'function') continue;
    await Reflect.apply(method, pipeline, []);
    return;
  }
}
