import { isList } from '../../../config/json.js';
import { GraphError } from '../../../graph/shapes.js';
import type { Value } from '../../../graph/value.js';
import type { CallArgument, LayerEntry, Lowered } from '../../layer.js';
import { ARITHMETIC } from '../arithmetic.js';
import { COMPARISON } from '../comparison.js';
import { CREATION } from '../creation.js';
import { DIAGONALS } from '../diagonals.js';
import { ELEMENTWISE } from '../elementwise.js';
import { IMAGES } from '../images.js';
import { JOINING } from '../joining.js';
import { LINEAR_ALGEBRA } from '../linear-algebra.js';
import { NEURAL } from '../neural.js';
import { PRODUCTS } from '../products.js';
import { REDUCTIONS } from '../reductions.js';
import { SHAPES } from '../shapes.js';
import { SORTING } from '../sorting.js';
import { WINDOWS } from '../windows.js';
import { folded, type FunctionCall, type FunctionEntry, given, operation, plain, single } from './rewrite.js';

export const OPERATIONS: Readonly<Record<string, LayerEntry>> = {
  ...ARITHMETIC,
  ...COMPARISON,
  ...CREATION,
  ...DIAGONALS,
  ...ELEMENTWISE,
  ...IMAGES,
  ...JOINING,
  ...LINEAR_ALGEBRA,
  ...NEURAL,
  ...PRODUCTS,
  ...REDUCTIONS,
  ...SHAPES,
  ...SORTING,
  ...WINDOWS,
};

/**
 * The same as an operation of `keras.ops`.
 *
 * @param parameters Names of the function's parameters that are the operation's arguments.
 * @param settings Name of a parameter for each setting of the operation.
 */
export function as(
  name: string,
  parameters: readonly string[],
  settings: Readonly<Record<string, string | readonly string[]>> = {},
): FunctionEntry {
  return {
    first: parameters[0] ?? '',
    run: (call) => {
      const args = parameters.map(
        (parameter): CallArgument => given(call, parameter) ?? { kind: 'value', value: undefined },
      );
      const config = Object.fromEntries(
        Object.entries(settings).map(([key, names]) => [
          key,
          [names]
            .flat()
            .map((one) => plain(call, one))
            .find((value) => value !== undefined),
        ]),
      );
      return folded(name, args, operation(call, OPERATIONS, name, args, config));
    },
  };
}

export function own(first: string, run: (call: FunctionCall, x: Value) => Lowered): FunctionEntry {
  return { first, run: (call) => run(call, tensorOf(call, first)) };
}

/** A tensor, or one that is made of numbers. */
export function tensorOf(call: FunctionCall, name: string): Value {
  const argument = given(call, name);
  if (argument?.kind === 'tensor') return argument.tensor.value;
  if (argument === undefined) throw new GraphError(`needs the argument ${name}`);
  return single(operation(call, OPERATIONS, 'ConvertToTensor', [argument]));
}

export function listOf(call: FunctionCall, name: string): CallArgument {
  const argument = given(call, name);
  if (argument?.kind === 'tensor') return { kind: 'list', items: [argument] };
  if (argument === undefined) throw new GraphError(`needs the argument ${name}`);
  return argument;
}

export function numberOf(call: FunctionCall, name: string, otherwise: number): number {
  const value = plain(call, name) ?? otherwise;
  if (typeof value === 'number') return value;
  throw new GraphError(`needs a number as ${name}`);
}

export function numbersOf(call: FunctionCall, name: string): number[] {
  const value = plain(call, name);
  if (isList(value)) return value.map(Number);
  return typeof value === 'number' ? [value] : [];
}

/** The name of a type, however the file states it. */
export function typeName(stated: unknown): unknown {
  if (typeof stated !== 'string') return stated;
  return stated.replace(/^tf\./u, '').replace(/^<dtype: '(.*)'>$/u, '$1');
}

export const unary = (name: string, first = 'x') => as(name, [first]);
export const binary = (name: string) => as(name, ['x', 'y']);
