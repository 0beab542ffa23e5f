import { isList, isObject } from '../../config/json.js';
import { GraphError } from '../../graph/shapes.js';
import type { DType, Value } from '../../graph/value.js';
import { type CallArgument, type LayerCall, UnsupportedError } from '../layer.js';
import { dtypeOf } from '../lower-model.js';
import { array } from '../settings.js';
import { isKerasType, type KerasType, kerasTypeOf, resultType, toType } from './types.js';

/** A tensor with its type in Keras, or a number of Python, which adapts to the type of a tensor. */
export type Operand =
  | { kind: 'tensor'; value: Value; type: KerasType }
  | { kind: 'number'; number: number; type: 'int' | 'float' | 'bool' };

/** A tensor with its type in Keras. */
export interface Typed {
  value: Value;
  type: KerasType;
}

/** An argument of an operation by its name, or by its position. */
export function argument(call: LayerCall, at: number, name: string): CallArgument | undefined {
  const given = call.kwargs[name] ?? call.args[at];
  return given?.kind === 'value' && (given.value ?? undefined) === undefined ? undefined : given;
}

function required(call: LayerCall, at: number, name: string): CallArgument {
  const given = argument(call, at, name);
  if (given === undefined) throw new GraphError(`needs the argument ${name}`);
  return given;
}

/** An argument that is a tensor, or numbers of which one is made. */
export function typed(call: LayerCall, at: number, name: string): Typed {
  return strong(call, operandOf(call, required(call, at, name)));
}

export function tensor(call: LayerCall, at: number, name: string): Value {
  return typed(call, at, name).value;
}

export function optionalTensor(call: LayerCall, at: number, name: string): Value | undefined {
  const given = argument(call, at, name);
  return given === undefined ? undefined : strong(call, operandOf(call, given)).value;
}

export function operand(call: LayerCall, at: number, name: string): Operand {
  return operandOf(call, required(call, at, name));
}

/** The tensors of a list. */
export function typedList(call: LayerCall, at: number, name: string): Typed[] {
  const given = required(call, at, name);
  if (given.kind === 'list') return given.items.map((item) => strong(call, operandOf(call, item)));
  if (given.kind === 'value' && isList(given.value)) {
    return given.value.map((value) => strong(call, operandOf(call, { kind: 'value', value })));
  }
  return [strong(call, operandOf(call, given))];
}

/** An argument that is no tensor, with tuples as lists. */
export function plain(call: LayerCall, at: number, name: string): unknown {
  const given = argument(call, at, name);
  if (given === undefined) return undefined;
  if (given.kind === 'value') return plainValue(given.value);
  throw new UnsupportedError(`its argument ${name} is a tensor`);
}

/** The settings with tuples as lists and arrays as numbers, at any depth. */
export function plainValue(value: unknown): unknown {
  if (isList(value)) return value.map(plainValue);
  if (!isObject(value)) return value === 'NaN' ? NaN : value;
  const { class_name: className, config, items } = value;
  if (className === '__tuple__') return plainValue(items);
  if ((className === '__numpy__' || className === '__tensor__') && isObject(config))
    return plainValue(config['value']);
  return value;
}

function operandOf(call: LayerCall, given: CallArgument): Operand {
  if (given.kind === 'tensor')
    return { kind: 'tensor', value: given.tensor.value, type: statedType(given.tensor.value, given.dtype) };
  if (given.kind === 'list') {
    // A list of tensors and numbers is a tensor with one more dimension.
    const parts = given.items.map((item) => strong(call, operandOf(call, item)));
    const type = resultType(...parts.map((part) => part.type));
    const { build } = call;
    const value = build.concat(
      parts.map((part) => build.expandDims(toType(build, part.value, type), 0)),
      0,
    );
    return { kind: 'tensor', value, type };
  }
  const { value } = given;
  if (typeof value === 'boolean') return { kind: 'number', number: Number(value), type: 'bool' };
  if (typeof value === 'number')
    return {
      kind: 'number',
      number: value,
      type: Number.isInteger(value) && !floatIsMeant(call) ? 'int' : 'float',
    };
  if (value === 'NaN') return { kind: 'number', number: NaN, type: 'float' };
  return constant(call, value);
}

/** Numbers in the file as a tensor. */
function constant(call: LayerCall, value: unknown): Operand {
  const stated = isObject(value) && isObject(value['config']) ? value['config']['dtype'] : undefined;
  const numbers = plainValue(value);
  if (!isList(numbers) && typeof numbers !== 'number' && typeof numbers !== 'boolean') {
    throw new UnsupportedError(`its argument ${JSON.stringify(value)} cannot be read`);
  }
  const { data, shape } = array(withoutBooleans(numbers), 'argument');
  const type = typeof stated === 'string' && isKerasType(stated) ? stated : typeOf(call, numbers, data);
  return { kind: 'tensor', value: call.build.constant(data, shape, dtypeOf(type)), type };
}

function withoutBooleans(value: unknown): unknown {
  if (isList(value)) return value.map(withoutBooleans);
  return typeof value === 'boolean' ? Number(value) : value;
}

function typeOf(call: LayerCall, numbers: unknown, data: readonly number[]): KerasType {
  const [first] = [numbers].flat(Infinity);
  if (typeof first === 'boolean') return 'bool';
  return data.length > 0 && data.every(Number.isInteger) && !floatIsMeant(call) ? 'int32' : 'float32';
}

/**
 * Whether 2 in the configuration was 2.0: JSON does not tell them apart here. It was, if the result is stated to be of
 * a floating-point type although no tensor is.
 */
function floatIsMeant(call: LayerCall): boolean {
  const { outputDtype } = call;
  if (outputDtype?.includes('float') !== true) return false;
  return ![...call.args, ...Object.values(call.kwargs)].some(holdsFloat);
}

function holdsFloat(given: CallArgument): boolean {
  if (given.kind === 'tensor') return given.tensor.value.dtype === 'float32';
  return given.kind === 'list' && given.items.some(holdsFloat);
}

/** The type that the file states, if it fits what was computed. */
function statedType(value: Value, stated: string | undefined): KerasType {
  if (stated !== undefined && isKerasType(stated) && dtypeOf(stated) === value.dtype) return stated;
  return kerasTypeOf(value.dtype);
}

/** Makes a tensor of a number, as `convert_to_tensor` does. */
function strong({ build }: LayerCall, given: Operand): Typed {
  if (given.kind === 'tensor') return given;
  const type = given.type === 'int' ? 'int32' : given.type === 'float' ? 'float32' : 'bool';
  return { value: build.scalar(given.number, type), type };
}

/** Brings an operand to a type. */
export function valueOf({ build }: LayerCall, given: Operand, type: KerasType): Value {
  if (given.kind === 'tensor') return toType(build, given.value, type);
  const dtype: DType = dtypeOf(type);
  return build.scalar(dtype === 'float32' ? given.number : Math.trunc(given.number), dtype);
}

/** Brings a tensor to float32, unless it is that. */
export function floating({ build }: LayerCall, value: Value): Value {
  return build.cast(value, 'float32');
}

/** A setting of the operation with tuples as lists. */
export function setting({ config }: LayerCall, key: string): unknown {
  return plainValue(config[key]) ?? undefined;
}

/** Axes of a setting, or `undefined` for all of them. */
export function axesSetting(call: LayerCall, key = 'axis'): number[] | undefined {
  const value = setting(call, key);
  if (value === undefined) return undefined;
  const list = [value].flat();
  if (list.every((entry) => typeof entry === 'number' && Number.isSafeInteger(entry)))
    return list.map(Number);
  throw new GraphError(`its ${key} must be integers, not ${JSON.stringify(value)}`);
}
