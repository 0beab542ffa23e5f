import { InvalidOptionError } from '../errors.js';

/** Reads the fields of one options object, remembering which names exist. */
export class OptionReader {
  readonly #prefix: string;
  readonly #values: ReadonlyMap<string, unknown>;
  readonly #known = new Set<string>();

  /** @param options `undefined` is the same as none. */
  constructor(prefix: string, options: unknown = {}) {
    if (typeof options !== 'object' || options === null || Array.isArray(options)) {
      const name = prefix === '' ? 'options' : prefix.slice(0, -1);
      throw new InvalidOptionError(name, `${name} must be an object, not ${describe(options)}`);
    }
    this.#prefix = prefix;
    this.#values = new Map(Object.entries(options));
  }

  group(name: string): OptionReader {
    return new OptionReader(`${this.#prefix}${name}.`, this.#take(name));
  }

  /** Of all the fields that are set. */
  get names(): string[] {
    return [...this.#values.keys()].filter((name) => this.#values.get(name) !== undefined);
  }

  required<T>(name: string, accepted: string, accepts: (value: unknown) => value is T): T {
    const value = this.#take(name);
    if (!accepts(value)) throw this.#refuse(name, accepted, value);
    return value;
  }

  custom<T, D>(name: string, accepted: string, fallback: D, accepts: (value: unknown) => value is T): T | D {
    const value = this.#take(name);
    if (value === undefined) return fallback;
    if (!accepts(value)) throw this.#refuse(name, accepted, value);
    return value;
  }

  /** A whole number from 0, or `Infinity`. */
  count(name: string, fallback: number): number {
    const accepts = (value: unknown): value is number =>
      typeof value === 'number' && value >= 0 && (Number.isSafeInteger(value) || value === Infinity);
    return this.custom(name, 'a whole number from 0, or Infinity', fallback, accepts);
  }

  /** A whole number from 1 to `most`. */
  size(name: string, fallback: number, most: number): number {
    const accepts = (value: unknown): value is number =>
      typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;
    return this.custom(name, `a whole number from 1 to ${most}`, fallback, accepts);
  }

  /** A whole number from 1, or `Infinity`. */
  atLeastOne(name: string, fallback: number): number {
    const accepts = (value: unknown): value is number =>
      typeof value === 'number' && value >= 1 && (Number.isSafeInteger(value) || value === Infinity);
    return this.custom(name, 'a whole number from 1, or Infinity', fallback, accepts);
  }

  /** A whole number within bounds. */
  bytes(name: string, fallback: number, min: number, max: number): number {
    const accepts = (value: unknown): value is number =>
      typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
    return this.custom(name, `a whole number of bytes from ${min} to ${max}`, fallback, accepts);
  }

  /** Milliseconds above 0, or `Infinity`. Not 0, which some take for never and others for at once. */
  limit(name: string, fallback: number): number {
    const accepts = (value: unknown): value is number => typeof value === 'number' && value > 0;
    return this.custom(name, 'milliseconds above 0, or Infinity', fallback, accepts);
  }

  /** Milliseconds from 0, or `Infinity`. */
  duration(name: string, fallback: number): number {
    const accepts = (value: unknown): value is number => typeof value === 'number' && value >= 0;
    return this.custom(name, 'milliseconds from 0, or Infinity', fallback, accepts);
  }

  rejectUnknown(): void {
    for (const name of this.#values.keys()) {
      if (this.#known.has(name)) continue;
      const option = this.#prefix + name;
      const known = [...this.#known].map((field) => this.#prefix + field).join(', ');
      throw new InvalidOptionError(option, `unknown option ${option}; there are: ${known}`);
    }
  }

  #take(name: string): unknown {
    this.#known.add(name);
    return this.#values.get(name);
  }

  #refuse(name: string, accepted: string, value: unknown): InvalidOptionError {
    const option = this.#prefix + name;
    return new InvalidOptionError(option, `${option} must be ${accepted}, not ${describe(value)}`);
  }
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined || value === null)
    return String(value);
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}
