import type { Builder } from '../../graph/builder.js';
import { GraphError } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { type LayerCall, type LayerEntry, runs } from '../layer.js';
import { operand, typed, valueOf } from './arguments.js';
import { logarithmOf1Plus } from './functions.js';
import { isFloat, type KerasType, resultType, toType } from './types.js';

type Combine = (build: Builder, a: Value, b: Value) => Value;

/** A function of two operands of the same type, whose result has that type. Python numbers adapt to tensors. */
function binary(combine: Combine, [first, second]: readonly [string, string] = ['x1', 'x2']): LayerEntry {
  return runs((call) => {
    const [a, b] = [operand(call, 0, first), operand(call, 1, second)];
    const type = resultType(a.type, b.type);
    return toType(call.build, combine(call.build, valueOf(call, a, type), valueOf(call, b, type)), type);
  });
}

/** The same, but Python numbers become tensors of their own type first, and the type is changed by `choose`. */
function strict(
  combine: Combine,
  choose: (type: KerasType) => KerasType = (type) => type,
  names: readonly [string, string] = ['x1', 'x2'],
): LayerEntry {
  return runs((call) => {
    const [a, b] = [typed(call, 0, names[0]), typed(call, 1, names[1])];
    const type = choose(resultType(a.type, b.type));
    const { build } = call;
    return toType(build, combine(build, toType(build, a.value, type), toType(build, b.value, type)), type);
  });
}

const asFloat = (type: KerasType): KerasType => (isFloat(type) ? type : 'float32');
const noBool = (type: KerasType): KerasType => (type === 'bool' ? 'int32' : type);

/**
 * Fails when the model runs if any entry of a divisor is 0, as TensorFlow does for integers. Without this, the process
 * would end.
 */
function withoutZero(build: Builder, divisor: Value): Value {
  const isZero = build.cast(build.equal(divisor, 0), 'int32');
  // The only entry is at 0: every other index is refused.
  return build.multiply(divisor, build.gather(build.constant([1], [1], divisor.dtype), isZero, 0));
}

function divisor(build: Builder, b: Value): Value {
  const { source } = b;
  const literal = source.kind === 'literal' ? source.data : undefined;
  if (literal !== undefined && Array.from(literal, Number).every((number) => number !== 0)) return b;
  return withoutZero(build, b);
}

function floorMod(build: Builder, a: Value, b: Value): Value {
  return build.binary('floorMod', a, b.dtype === 'float32' ? b : divisor(build, b));
}

function floorDivide(build: Builder, a: Value, b: Value): Value {
  if (a.dtype === 'float32') return build.unary('floor', build.divide(a, b));
  const by = divisor(build, b);
  return build.binary('quotient', build.subtract(a, build.binary('floorMod', a, by)), by);
}

/** Sign of the dividend times the rest of the absolute numbers. */
function remainder(build: Builder, a: Value, b: Value): Value {
  return build.multiply(build.unary('sign', a), floorMod(build, build.abs(a), build.abs(b)));
}

function power(build: Builder, a: Value, b: Value): Value {
  return build.power(a, b);
}

function divideNoNaN(build: Builder, a: Value, b: Value): Value {
  const zero = build.equal(b, 0);
  return build.where(zero, 0, build.divide(a, build.where(zero, 1, b)));
}

function hypotenuse(build: Builder, a: Value, b: Value): Value {
  const [x, y] = [build.abs(a), build.abs(b)];
  const greatest = build.maximum(x, y);
  const ratio = divideNoNaN(build, build.minimum(x, y), greatest);
  return build.multiply(greatest, build.sqrt(build.add(build.square(ratio), 1)));
}

/** log(base^a + base^b) to the base, without overflow. */
function logAddExp(logOfBase: number): Combine {
  return (build, a, b) => {
    const distance = build.abs(build.subtract(a, b));
    const rest = logarithmOf1Plus(build, build.exp(build.multiply(distance, -logOfBase)));
    const sum = build.add(build.maximum(a, b), build.multiply(rest, 1 / logOfBase));
    return build.where(build.unary('isNaN', distance), build.add(a, b), sum);
  };
}

/** Angle of the point (x, y). ONNX has only the function of one number. */
export function arctan2(build: Builder, y: Value, x: Value): Value {
  const angle = build.unary('atan', build.divide(y, x));
  const negative = (value: Value) =>
    build.or(build.less(value, 0), build.and(build.equal(value, 0), build.less(build.reciprocal(value), 0)));
  const half = build.where(negative(y), -Math.PI, Math.PI);
  const turned = build.where(negative(x), build.add(angle, half), angle);
  const onAxis = build.where(negative(x), half, build.multiply(y, 0));
  return build.where(build.equal(y, 0), onAxis, turned);
}

/** The other number if one is NaN. */
function withoutNaN(combine: Combine): Combine {
  return (build, a, b) => {
    if (a.dtype !== 'float32') return combine(build, a, b);
    const [noA, noB] = [build.unary('isNaN', a), build.unary('isNaN', b)];
    return build.where(noA, b, build.where(noB, a, combine(build, a, b)));
  };
}

function heaviside(build: Builder, a: Value, b: Value): Value {
  return build.where(build.less(a, 0), 0, build.where(build.greater(a, 0), 1, b));
}

/** Euclid's algorithm. 47 steps are enough for any two integers of 32 bits. */
function greatestCommonDivisor(build: Builder, a: Value, b: Value): Value {
  if (a.dtype === 'float32') throw new GraphError('needs integers');
  const shape = build.add(a, b).shape;
  const [x, y] = [build.expand(build.abs(a), shape), build.expand(build.abs(b), shape)];
  const steps = build.range(47);
  const { states } = build.scan([x, y], [steps], ([left, right]) => {
    if (left === undefined || right === undefined) throw new GraphError('has no state');
    const done = build.equal(right, 0);
    const rest = build.binary('floorMod', left, build.where(done, 1, right));
    return { states: [build.where(done, left, right), build.where(done, 0, rest)], rows: [] };
  });
  return states[0] ?? x;
}

function leastCommonMultiple(build: Builder, a: Value, b: Value): Value {
  const [x, y] = [build.abs(a), build.abs(b)];
  const common = greatestCommonDivisor(build, x, y);
  const none = build.equal(common, 0);
  const product = build.multiply(x, build.binary('quotient', y, build.where(none, 1, common)));
  return build.where(none, 0, product);
}

const BITS = ['x', 'y'] as const;

function shiftedLeft(build: Builder, a: Value, b: Value): Value {
  return build.multiply(a, build.power(build.scalar(2, a.dtype), b));
}

function shiftedRight(build: Builder, a: Value, b: Value): Value {
  const by = build.power(build.scalar(2, a.dtype), b);
  return build.binary('quotient', build.subtract(a, build.binary('floorMod', a, by)), by);
}

function inverted(call: LayerCall): Value {
  const { value, type } = typed(call, 0, 'x');
  return toType(call.build, call.build.subtract(-1, value), type);
}

const add = binary((build, a, b) => build.add(a, b));
const divide = runs((call: LayerCall) => {
  const [a, b] = [operand(call, 0, 'x1'), operand(call, 1, 'x2')];
  return call.build.divide(valueOf(call, a, 'float32'), valueOf(call, b, 'float32'));
});

export const ARITHMETIC = {
  Add: add,
  Arctan2: strict(arctan2, asFloat),
  BitwiseAnd: strict((build, a, b) => build.binary('bitAnd', a, b), noBool, BITS),
  BitwiseInvert: runs(inverted),
  BitwiseLeftShift: binary(shiftedLeft, BITS),
  BitwiseNot: runs(inverted),
  BitwiseOr: strict(
    (build, a, b) => build.subtract(build.add(a, b), build.binary('bitAnd', a, b)),
    noBool,
    BITS,
  ),
  BitwiseRightShift: binary(shiftedRight, BITS),
  BitwiseXor: strict(
    (build, a, b) => build.subtract(build.add(a, b), build.multiply(build.binary('bitAnd', a, b), 2)),
    noBool,
    BITS,
  ),
  Divide: divide,
  DivideNoNan: runs((call) => {
    const [a, b] = [operand(call, 0, 'x1'), operand(call, 1, 'x2')];
    return divideNoNaN(call.build, valueOf(call, a, 'float32'), valueOf(call, b, 'float32'));
  }),
  FloorDivide: binary(floorDivide),
  Fmax: binary(withoutNaN((build, a, b) => build.maximum(a, b))),
  Fmin: binary(withoutNaN((build, a, b) => build.minimum(a, b))),
  Fmod: strict(remainder, noBool),
  Gcd: strict(greatestCommonDivisor),
  Heaviside: strict(heaviside, asFloat),
  Hypot: strict(hypotenuse, asFloat),
  Lcm: strict(leastCommonMultiple),
  Ldexp: runs((call) => {
    const { build } = call;
    const [a, b] = [
      build.cast(typed(call, 0, 'x1').value, 'float32'),
      build.cast(typed(call, 1, 'x2').value, 'float32'),
    ];
    const unchanged = build.or(build.unary('isInfinite', a), build.equal(a, 0));
    return build.where(unchanged, a, build.multiply(a, build.power(2, b)));
  }),
  LeftShift: binary(shiftedLeft, BITS),
  Logaddexp: strict(logAddExp(1), asFloat),
  Logaddexp2: strict(logAddExp(Math.LN2), asFloat),
  Maximum: binary((build, a, b) => build.maximum(a, b)),
  Minimum: binary((build, a, b) => build.minimum(a, b)),
  Mod: strict(floorMod, noBool),
  Multiply: binary((build, a, b) => build.multiply(a, b)),
  Power: binary(power),
  RightShift: binary(shiftedRight, BITS),
  Subtract: binary((build, a, b) => build.subtract(a, b)),
  TrueDivide: divide,
};
