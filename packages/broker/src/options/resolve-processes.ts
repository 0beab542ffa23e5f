import { InvalidOptionError } from '../errors.js';
import { duration, group, optional, wholeNumber } from './reader.js';

const MAX_PROCESSES = 1024;

/** How many processes there are. If `min` is less than `max`, they come and go with the load. */
export interface ResolvedProcesses {
  readonly min: number;
  readonly max: number;
  /** Time without a call after which one above `min` ends, in ms. */
  readonly idleAfter: number;
}

const readOption = optional(
  `a whole number from 1 to ${MAX_PROCESSES}, or an object of min, max and idleAfter`,
  1,
  isNumberOrObject,
);
const readRange = group({
  min: wholeNumber(0, 0, MAX_PROCESSES),
  max: wholeNumber(undefined, 1, MAX_PROCESSES),
  idleAfter: duration(60_000),
});

/**
 * Reads the option `processes`.
 * @throws {InvalidOptionError} Names the accepted range.
 */
export function processes(option: unknown, name: string): ResolvedProcesses {
  const value = readOption(option, name);
  if (typeof value === 'number') return { min: value, max: value, idleAfter: Infinity };
  const { min, max = Math.max(1, min), idleAfter } = readRange(value, name);
  if (min <= max) return { min, max, idleAfter };
  const message = `${name}.min must not be more than ${name}.max, and ${min} is more than ${max}`;
  throw new InvalidOptionError(`${name}.min`, message);
}

function isNumberOrObject(value: unknown): value is number | object {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 1 && value <= MAX_PROCESSES;
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
