import { isList } from '../../../config/json.js';
import { GraphError } from '../../../graph/shapes.js';
import type { Value } from '../../../graph/value.js';
import {
  type CallArgument,
  type LayerCall,
  type LayerEntry,
  type Lowered,
  UnsupportedError,
} from '../../layer.js';
import { plainValue } from '../arguments.js';
import { lengthsIn, remember } from './lengths.js';

/** The arguments of a function of TensorFlow, by name. */
export interface FunctionCall {
  readonly call: LayerCall;
  readonly given: Readonly<Record<string, CallArgument>>;
}

/** Computes a function of TensorFlow. */
export interface FunctionEntry {
  /** Name of the first parameter. */
  first: string;
  run: (call: FunctionCall) => Lowered;
}

/** An argument, if it was given and is not None. */
export function given({ given: all }: FunctionCall, name: string): CallArgument | undefined {
  const argument = all[name];
  return argument?.kind === 'value' && (argument.value ?? undefined) === undefined ? undefined : argument;
}

/** An argument that is no tensor. */
export function plain(call: FunctionCall, name: string): unknown {
  const argument = given(call, name);
  if (argument === undefined) return undefined;
  if (argument.kind === 'value') return plainValue(argument.value);
  const known = argument.kind === 'tensor' ? lengthsIn(argument.tensor.value) : undefined;
  if (typeof known === 'number') return known;
  throw new UnsupportedError(`its argument ${name} is a tensor`);
}

/** Calls an operation of `keras.ops` with arguments and settings. */
export function operation(
  { call }: FunctionCall,
  entries: Readonly<Record<string, LayerEntry>>,
  name: string,
  args: readonly CallArgument[],
  config: Readonly<Record<string, unknown>> = {},
): Lowered {
  const entry = entries[name];
  if (entry === undefined) throw new GraphError(`has no operation ${name}`);
  if (entry.kind === 'refused') throw new UnsupportedError(entry.reason);
  if (entry.kind === 'identity') throw new GraphError(`has an operation ${name} without effect`);
  const settings = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
  const tensors = args.flatMap((argument) => (argument.kind === 'tensor' ? [argument.tensor] : []));
  return entry.lower({
    ...call,
    className: name,
    config: settings,
    args,
    kwargs: {},
    inputs: tensors.map(({ value }) => value),
    masks: tensors.map(() => undefined),
  });
}

export function asArgument(value: Value): CallArgument {
  return { kind: 'tensor', tensor: { value, mask: undefined } };
}

/** The only tensor of a result. */
export function single(lowered: Lowered): Value {
  if ('shape' in lowered) return lowered;
  const [only] = isList(lowered) ? lowered : lowered.values;
  if (only === undefined) throw new GraphError('computes nothing');
  return only;
}

const FOLDED: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  FloorDivide: (a, b) => Math.floor(a / b),
  Maximum: (a, b) => Math.max(a, b),
  Minimum: (a, b) => Math.min(a, b),
  Multiply: (a, b) => a * b,
  Subtract: (a, b) => a - b,
};

/** Remembers the result of an operation on two known lengths, so that shapes may be computed from it. */
export function folded(name: string, args: readonly CallArgument[], result: Lowered): Lowered {
  const fold = FOLDED[name];
  if (fold === undefined || !('shape' in result)) return result;
  const [a, b] = args.map((argument) => {
    if (argument.kind === 'value') return argument.value;
    return argument.kind === 'tensor' ? lengthsIn(argument.tensor.value) : undefined;
  });
  if (typeof a !== 'number' || typeof b !== 'number') return result;
  return remember(result, fold(a, b));
}
