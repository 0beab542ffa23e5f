import { types } from 'node:util';

import type { Init } from '../channel/messages.js';
import { PermanentStartError, type Pipeline } from './load.js';

export interface Method {
  readonly run: (...args: readonly unknown[]) => unknown;
  /** Whether it is a generator function. Other methods may yield too, which shows only in their return value. */
  readonly yields: boolean;
}

interface Found {
  readonly name: string;
  /** The function itself, not bound. */
  readonly original: unknown;
  readonly method: Method;
}

/** The methods of a pipeline that the other process may call. */
export class Methods {
  readonly #pipeline: Pipeline;
  readonly #exposed: ReadonlySet<string> | undefined;
  readonly #found = new Map<string, Found>();

  /** @throws {PermanentStartError} If `expose` or `batchMethods` names a method that does not exist. */
  constructor(pipeline: Pipeline, { expose, batchMethods }: Pick<Init, 'expose' | 'batchMethods'>) {
    this.#pipeline = pipeline;
    this.#exposed = expose && new Set(expose);
    for (const name of expose ?? []) if (this.get(name) === undefined) throw missingError('expose', name);
    for (const [name, batchMethod] of Object.entries(batchMethods)) {
      if (this.get(name) === undefined) throw missingError('batch', name);
      const found = this.#find(batchMethod);
      if (found === undefined) throw missingError(`batch.${name}.method`, batchMethod);
      if (found.method.yields) throw generatorError(name, batchMethod);
    }
  }

  /** Their names. The pipeline's own come before inherited ones. */
  get names(): string[] {
    const names = new Set<string>();
    for (const holder of holders(this.#pipeline)) {
      for (const name of Object.getOwnPropertyNames(holder))
        if (this.get(name) !== undefined) names.add(name);
    }
    return [...names];
  }

  /** The method of that name, bound to the pipeline; `undefined` if there is none that may be called. */
  get(name: string): Method | undefined {
    const found = this.#found.get(name);
    if (found !== undefined && this.#isThere(found)) return found.method;
    if (this.#exposed !== undefined && !this.#exposed.has(name)) return undefined;
    const again = this.#find(name);
    if (again === undefined) this.#found.delete(name);
    else this.#found.set(name, again);
    return again?.method;
  }

  /** The method that runs batches. It need not be exposed. */
  runsBatches(name: string): Method {
    const method = this.#find(name)?.method;
    if (method === undefined) throw new TypeError(`the pipeline no longer has the method ${name}`);
    return method;
  }

  /** Whether the method is still the same. A pipeline may replace it, even by a getter that throws. */
  #isThere({ name, original }: Found): boolean {
    try {
      return Reflect.get(this.#pipeline, name) === original;
    } catch {
      return false;
    }
  }

  #find(name: string): Found | undefined {
    if (!isPublic(name)) return undefined;
    for (const holder of holders(this.#pipeline)) {
      // Looked up, not read, so that no getter runs.
      const property = Object.getOwnPropertyDescriptor(holder, name);
      if (property === undefined) continue;
      const method: unknown = property.value;
      if (typeof method !== 'function') return undefined;
      const run = method.bind(this.#pipeline) as Method['run'];
      return { name, original: method, method: { run, yields: types.isGeneratorFunction(method) } };
    }
    return undefined;
  }
}

function missingError(option: string, method: string): PermanentStartError {
  return new PermanentStartError(
    `the option '${option}' names ${JSON.stringify(method)}, which is not a public method of the pipeline`,
  );
}

function generatorError(name: string, batchMethod: string): PermanentStartError {
  return new PermanentStartError(
    `the option 'batch.${name}.method' names ${JSON.stringify(batchMethod)}, which is a generator; a method that runs batches must return an array`,
  );
}

/** Whether a method of that name may be called at all. */
function isPublic(name: string): boolean {
  return name !== 'then' && name !== 'constructor' && !name.startsWith('_');
}

/** The pipeline and its prototypes, without the one that every object has. */
function* holders(pipeline: Pipeline): Generator<object> {
  for (let holder: unknown = pipeline; isHolder(holder); holder = Object.getPrototypeOf(holder)) yield holder;
}

function isHolder(value: unknown): value is object {
  // Not `=== Object.prototype`: the pipeline may come from another realm, or may have replaced globals.
  return typeof value === 'object' && value !== null && !Object.hasOwn(value, '__proto__');
}
