import type { Builder } from '../../graph/builder.js';
import type { DType, Value } from '../../graph/value.js';
import { UnsupportedError } from '../layer.js';
import { dtypeOf } from '../lower-model.js';

/** Types in Keras that take part in arithmetic. `int` and `float` are numbers of Python, which adapt to tensors. */
const ABOVE = {
  bool: ['int'],
  uint8: ['int16', 'uint16'],
  uint16: ['int32', 'uint32'],
  uint32: ['int64', 'uint64'],
  uint64: ['float'],
  int: ['uint8', 'int8'],
  int8: ['int16'],
  int16: ['int32'],
  int32: ['int64'],
  int64: ['float'],
  float: ['bfloat16', 'float16'],
  bfloat16: ['float32'],
  float16: ['float32'],
  float32: ['float64'],
  float64: [],
} as const satisfies Record<string, readonly string[]>;

export type KerasType = keyof typeof ABOVE;

export function isKerasType(name: string): name is KerasType {
  return Object.hasOwn(ABOVE, name);
}

export function isFloat(type: KerasType): boolean {
  return type.includes('float');
}

function reachable(type: KerasType): Set<KerasType> {
  return new Set([type, ...ABOVE[type].flatMap((next) => [...reachable(next)])]);
}

/**
 * The type of a result of several operands: the least that can hold all of them.
 *
 * Source: `result_type` of `keras/src/backend/common/dtypes.py`.
 */
export function resultType(...types: KerasType[]): Exclude<KerasType, 'int' | 'float'> {
  const distinct = [...new Set(types)];
  const common = distinct.map(reachable).reduce((a, b) => new Set([...a].filter((type) => b.has(type))));
  const own = distinct.find((type) => common.has(type));
  const least =
    own ?? [...common].find((type) => [...common].every((other) => reachable(type).has(other))) ?? 'float32';
  if (least === 'int') return 'int32';
  return least === 'float' ? 'float32' : least;
}

const WIDTHS: Partial<Record<KerasType, { size: number; lowest: number }>> = {
  int8: { size: 2 ** 8, lowest: -(2 ** 7) },
  int16: { size: 2 ** 16, lowest: -(2 ** 15) },
  uint8: { size: 2 ** 8, lowest: 0 },
  uint16: { size: 2 ** 16, lowest: 0 },
};

/** Brings a value to a type of Keras. Integers that do not fit lose their upper bits, as in TensorFlow. */
export function toType(build: Builder, value: Value, type: KerasType): Value {
  const width = WIDTHS[type];
  if (width === undefined) return build.cast(value, dtypeOf(type));
  if (value.dtype === 'bool') return build.cast(value, 'int32');
  const whole = value.dtype === 'int64' ? value : build.cast(value, 'int32');
  const { size, lowest } = width;
  const wrapped = build.add(build.binary('floorMod', build.subtract(whole, lowest), size), lowest);
  return build.cast(wrapped, 'int32');
}

/**
 * Converts numbers to a type that a file states. Types that this package cannot hold are refused.
 *
 * A floating-point number that a short integer cannot hold becomes its greatest or least: so does TensorFlow with most
 * entries of a large tensor, whereas the last few, and those of a small one, lose their upper bits.
 */
export function castTo(build: Builder, value: Value, stated: unknown): Value {
  if (typeof stated !== 'string' || !isKerasType(stated)) {
    throw new UnsupportedError(`its type ${JSON.stringify(stated)} cannot be held`);
  }
  if (stated === 'float16') return build.unary('asFloat16', value);
  if (stated === 'bfloat16') return build.unary('asBfloat16', value);
  const width = WIDTHS[stated];
  if (width === undefined || value.dtype !== 'float32') return toType(build, value, stated);
  return build.cast(build.clip(value, width.lowest, width.lowest + width.size - 1), 'int32');
}

/** The widest type of Keras that this package computes in the given way. */
export function kerasTypeOf(dtype: DType): KerasType {
  if (dtype === 'string') throw new UnsupportedError('it computes with text');
  return dtype;
}
