import { InvalidOptionError } from '../errors.js';
import { didYouMean } from './nearest.js';

/**
 * Checks the value of an option and fills in its default. The name is for errors, such as `restart.limit`.
 * Throws `InvalidOptionError`, which names the option and says what it accepts.
 */
export type Reader<T> = (value: unknown, name: string) => T;

/** The options of an object, each with its reader. */
export type Readers = Readonly<Record<string, Reader<unknown>>>;

/** The type of an object whose options were read: every default is filled in. */
export type ReadBy<R extends Readers> = { readonly [K in keyof R]: ReturnType<R[K]> };

/**
 * A reader of an object with these options and no others.
 * @param others Options that belong elsewhere, for errors.
 * @param elsewhere Where that is.
 */
export function group<R extends Readers>(readers: R, others: object = {}, elsewhere = ''): Reader<ReadBy<R>> {
  const entries = Object.entries(readers);
  return (value = {}, name) => {
    if (!isObject(value)) throw refusal(name === '' ? 'options' : name, 'an object', value);
    const prefix = name === '' ? '' : `${name}.`;
    for (const given of Object.keys(value)) {
      if (Object.hasOwn(readers, given)) continue;
      const option = prefix + given;
      if (Object.hasOwn(others, given))
        throw new InvalidOptionError(option, `${option} is an option of ${elsewhere}`);
      const keys = entries.map(([key]) => key);
      const hint = didYouMean(given, keys, prefix);
      const known = keys.map((key) => prefix + key).join(', ');
      throw new InvalidOptionError(option, `unknown option ${option}${hint}; there are: ${known}`);
    }
    const read: Record<string, unknown> = {};
    for (const [key, reader] of entries) read[key] = reader(Reflect.get(value, key), prefix + key);
    return read as ReadBy<R>; // one property for each reader, with the value that it returned
  };
}

/** A reader of an object with any names. @param readerOf Gives the reader of the value under a name. */
export function record<T>(readerOf: (key: string) => Reader<T>): Reader<Readonly<Record<string, T>>> {
  return (value = {}, name) => {
    if (!isObject(value)) throw refusal(name, 'an object', value);
    const given = Object.entries(value).filter(([, item]) => item !== undefined);
    return Object.fromEntries(given.map(([key, item]) => [key, readerOf(key)(item, `${name}.${key}`)]));
  };
}

/**
 * A reader of an option that may be left out.
 * @param accepted Describes the accepted values, for errors.
 */
export function optional<T, const D>(
  accepted: string,
  fallback: D,
  accepts: (value: unknown) => value is T,
): Reader<T | D> {
  const read = required(accepted, accepts);
  return (value, name) => (value === undefined ? fallback : read(value, name));
}

/** A reader of an option that must be given. */
export function required<T>(accepted: string, accepts: (value: unknown) => value is T): Reader<T> {
  return (value, name) => {
    if (!accepts(value)) throw refusal(name, accepted, value);
    return value;
  };
}

/** A whole number from 0, or `Infinity`. */
export function count(fallback: number): Reader<number> {
  return optional('a whole number from 0, or Infinity', fallback, isWholeOrInfinite(0));
}

/** A whole number from 1, or `Infinity`. */
export function positiveCount(fallback: number): Reader<number> {
  return optional('a whole number from 1, or Infinity', fallback, isWholeOrInfinite(1));
}

/** A whole number within bounds. @param unit Such as ` of bytes`. */
export function wholeNumber<D extends number | undefined>(
  fallback: D,
  min: number,
  max: number,
  unit = '',
): Reader<number | D> {
  const accepts = (value: unknown): value is number =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
  return optional(`a whole number${unit} from ${min} to ${max}`, fallback, accepts);
}

/** Milliseconds from 0, or `Infinity`. */
export function duration<D extends number | undefined>(fallback: D): Reader<number | D> {
  return optional('milliseconds from 0, or Infinity', fallback, isNumberFrom0);
}

/** Milliseconds above 0, or `Infinity`. Not 0, because some people take 0 for "never" and others for "at once". */
export function timeLimit<D extends number | undefined>(fallback: D): Reader<number | D> {
  const accepts = (value: unknown): value is number => isNumberFrom0(value) && value > 0;
  return optional('milliseconds above 0, or Infinity', fallback, accepts);
}

export function isNonEmptyString(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

export function isStringArray(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

export function isNumberFrom0(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWholeOrInfinite(min: number): (value: unknown) => value is number {
  return (value): value is number =>
    isNumberFrom0(value) && value >= min && (Number.isSafeInteger(value) || value === Infinity);
}

function refusal(name: string, accepted: string, value: unknown): InvalidOptionError {
  return new InvalidOptionError(name, `${name} must be ${accepted}, not ${describe(value)}`);
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined || value === null)
    return String(value);
  if (Array.isArray(value))
    return value.length === 0 ? 'an empty array' : `an array with ${describe(value[0])}`;
  if (typeof value !== 'object') return `a value of type ${typeof value}`;
  const isController = 'signal' in value && 'abort' in value;
  return isController ? 'an AbortController: give its signal' : 'an object of another kind';
}
