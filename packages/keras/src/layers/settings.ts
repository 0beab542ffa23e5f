import { isList } from '../config/json.js';
import { GraphError } from '../graph/shapes.js';
import { UnsupportedError } from './layer.js';

/** Something with settings: a call of a layer or operation. */
interface WithConfig {
  readonly config: Readonly<Record<string, unknown>>;
}

function wrong(key: string, expected: string, value: unknown): GraphError {
  return new GraphError(`its ${key} must be ${expected}, not ${JSON.stringify(value)}`);
}

/** Missing and null are the same: a default counts. */
function given({ config }: WithConfig, key: string): unknown {
  return config[key] ?? undefined;
}

export function integer(call: WithConfig, key: string, otherwise?: number): number {
  const value = given(call, key) ?? otherwise;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (isList(value) && value.length === 1 && typeof value[0] === 'number' && Number.isSafeInteger(value[0]))
    return value[0];
  throw wrong(key, 'an integer', value);
}

/** A number of things: 1 or more. */
export function count(call: WithConfig, key: string, otherwise?: number): number {
  const value = integer(call, key, otherwise);
  if (value < 1) throw wrong(key, 'a positive integer', value);
  return value;
}

export function number(call: WithConfig, key: string, otherwise?: number): number {
  const value = given(call, key) ?? otherwise;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw wrong(key, 'a number', value);
}

/** A number, or nothing. */
export function optionalNumber(call: WithConfig, key: string): number | undefined {
  return given(call, key) === undefined ? undefined : number(call, key);
}

export function flag(call: WithConfig, key: string, otherwise: boolean): boolean {
  const value = given(call, key) ?? otherwise;
  if (typeof value === 'boolean') return value;
  if (value === 0 || value === 1) return value === 1;
  throw wrong(key, 'true or false', value);
}

export function text(call: WithConfig, key: string, otherwise?: string): string {
  const value = given(call, key) ?? otherwise;
  if (typeof value === 'string') return value;
  throw wrong(key, 'a text', value);
}

/** One of some words. Other words are not supported. */
export function choice<T extends string>(
  call: WithConfig,
  key: string,
  allowed: readonly T[],
  otherwise?: T,
): T {
  const value = given(call, key) ?? otherwise;
  const found = allowed.find((word) => word === value);
  if (found !== undefined) return found;
  throw new UnsupportedError(
    `its ${key} is ${JSON.stringify(value)}, but only ${allowed.join(', ')} can be run`,
  );
}

/** A list of integers; a single integer counts for all `length` entries. */
export function integers(call: WithConfig, key: string, length?: number, otherwise?: number): number[] {
  const value = given(call, key) ?? otherwise;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return Array<number>(length ?? 1).fill(value);
  if (isList(value) && value.every((entry) => typeof entry === 'number' && Number.isSafeInteger(entry))) {
    const list = value.map(Number);
    if (length === undefined || list.length === length) return list;
    const [only] = list;
    if (list.length === 1 && only !== undefined) return Array<number>(length).fill(only);
  }
  throw wrong(key, length === undefined ? 'integers' : `${length} integers`, value);
}

/** Axes: one or several, not yet counted from the start. */
export function axes(call: WithConfig, key: string, otherwise: number | readonly number[]): number[] {
  const value = given(call, key) ?? otherwise;
  const list = isList(value) ? value : [value];
  if (list.every((entry) => typeof entry === 'number' && Number.isSafeInteger(entry)))
    return list.map(Number);
  throw wrong(key, 'axes', value);
}

/** Numbers, possibly nested in lists, with their shape. */
export function array(value: unknown, key: string): { data: number[]; shape: number[] } {
  if (typeof value === 'number') return { data: [value], shape: [] };
  if (!isList(value)) throw wrong(key, 'numbers', value);
  const parts = value.map((entry) => array(entry, key));
  return { data: parts.flatMap(({ data }) => data), shape: [value.length, ...(parts[0]?.shape ?? [])] };
}

/** Whether the layer's images have their channels at position 1. */
export function channelsFirst(call: WithConfig): boolean {
  return (
    choice(call, 'data_format', ['channels_last', 'channels_first'], 'channels_last') === 'channels_first'
  );
}
