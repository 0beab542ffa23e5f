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
  /** Whether a getter or a Proxy gave it, which must be asked for each call. */
  readonly isRead: boolean;
  readonly method: Method;
}

/** The methods of a pipeline that the other process may call. */
export class Methods {
  readonly #pipeline: Pipeline;
  /** A Proxy may give another function each time, and alone knows what it answers to. */
  readonly #isProxy: boolean;
  readonly #exposed: ReadonlySet<string> | undefined;
  readonly #found = new Map<string, Found>();

  /** @throws {PermanentStartError} If `expose` or `batchMethods` names a method that does not exist. */
  constructor(pipeline: Pipeline, { expose, batchMethods }: Pick<Init, 'expose' | 'batchMethods'>) {
    this.#pipeline = pipeline;
    this.#isProxy = types.isProxy(pipeline);
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
    return [...this.#namesWhere((name) => this.get(name) !== undefined)];
  }

  /**
   * The names that may be called, for all that is known without running a getter. `undefined` for a Proxy, which alone
   * knows what it answers to.
   */
  get callableNames(): readonly string[] | undefined {
    if (this.#isProxy) return undefined;
    const isExposed = (name: string): boolean => this.#exposed?.has(name) ?? isPublic(name);
    return [
      ...this.#namesWhere((name, isGetter) => isExposed(name) && (isGetter || this.get(name) !== undefined)),
    ];
  }

  #namesWhere(accepts: (name: string, isGetter: boolean) => boolean): Set<string> {
    const names = new Set<string>();
    for (const holder of holders(this.#pipeline)) {
      for (const name of Object.getOwnPropertyNames(holder)) {
        const property = Object.getOwnPropertyDescriptor(holder, name);
        if (accepts(name, property !== undefined && isExport(this.#pipeline, property))) names.add(name);
      }
    }
    return names;
  }

  /** The method of that name, bound to the pipeline; `undefined` if there is none that may be called. */
  get(name: string): Method | undefined {
    if (this.#exposed !== undefined && !this.#exposed.has(name)) return undefined;
    if (this.#isProxy) return this.#find(name)?.method;
    const found = this.#found.get(name);
    if (found !== undefined && this.#isThere(found)) return found.method;
    const again = this.#find(name);
    if (again === undefined || again.isRead) this.#found.delete(name);
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
    if (this.#isProxy) return this.#read(name);
    for (const holder of holders(this.#pipeline)) {
      const property = Object.getOwnPropertyDescriptor(holder, name);
      if (property === undefined) continue;
      if (isExport(this.#pipeline, property)) return this.#read(name);
      // Any other getter is looked up, and not run.
      return this.#foundAs(name, property.value, false);
    }
    return undefined;
  }

  /** Asks the pipeline itself, once for each call. */
  #read(name: string): Found | undefined {
    // A Proxy passes on what every object and every function has.
    const isOwn =
      !Reflect.has(ROOT, name) || [...holders(this.#pipeline)].some((holder) => Object.hasOwn(holder, name));
    return isOwn ? this.#foundAs(name, Reflect.get(this.#pipeline, name), true) : undefined;
  }

  #foundAs(name: string, method: unknown, isRead: boolean): Found | undefined {
    if (typeof method !== 'function') return undefined;
    const run = method.bind(this.#pipeline) as Method['run']; // it is a function
    return { name, original: method, isRead, method: { run, yields: types.isGeneratorFunction(method) } };
  }
}

/** Whether it is a getter by which a compiled CommonJS module exports: the pipeline is then a plain object, of no class. */
function isExport(pipeline: Pipeline, property: PropertyDescriptor): boolean {
  const isReadOnly = property.get !== undefined && property.set === undefined;
  return isReadOnly && property.enumerable === true && !isHolder(Object.getPrototypeOf(pipeline));
}

/** What every function has, and what every object has. */
const ROOT = (): undefined => undefined;

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

/** The pipeline and its prototypes, without those that every object or function has. */
function* holders(pipeline: Pipeline): Generator<object> {
  for (let holder: unknown = pipeline; isHolder(holder); holder = Object.getPrototypeOf(holder)) yield holder;
}

/**
 * Not `=== Object.prototype`: the pipeline may come from another realm, or may have replaced globals. Node may run without
 * `__proto__`, too.
 */
function isHolder(value: unknown): value is object {
  if (typeof value === 'function') return !Object.hasOwn(value, 'call') || !Object.hasOwn(value, 'bind');
  return typeof value === 'object' && value !== null && !Object.hasOwn(value, 'isPrototypeOf');
}
