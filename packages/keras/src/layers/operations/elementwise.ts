import type { Builder } from '../../graph/builder.js';
import type { UnaryFunction } from '../../graph/operations.js';
import type { Value } from '../../graph/value.js';
import { type LayerCall, type LayerEntry, runs, UnsupportedError } from '../layer.js';
import { integer, number } from '../settings.js';
import { floating, setting, tensor, typed } from './arguments.js';
import {
  bessel0,
  cubeRoot,
  erfComplement,
  erfInverse,
  exponentialMinus1,
  logarithmOf1Plus,
} from './functions.js';
import { castTo, isFloat, isKerasType, type KerasType, toType } from './types.js';

/** A function of floating-point numbers; others are converted first. */
function float(fn: (build: Builder, x: Value, call: LayerCall) => Value): LayerEntry {
  return runs((call) => fn(call.build, floating(call, tensor(call, 0, 'x')), call));
}

function unary(fn: UnaryFunction): LayerEntry {
  return float((build, x) => build.unary(fn, x));
}

/** A function that keeps the type of its argument. */
function same(fn: (build: Builder, x: Value, call: LayerCall) => Value): LayerEntry {
  return runs((call) => {
    const { value, type } = typed(call, 0, 'x');
    return toType(call.build, fn(call.build, value, call), type);
  });
}

/** A test of floating-point numbers, which is `otherwise` for all others. */
function test(fn: (build: Builder, x: Value) => Value, otherwise: 0 | 1 = 0): LayerEntry {
  return runs((call) => {
    const { build } = call;
    const x = tensor(call, 0, 'x');
    return x.dtype === 'float32' ? fn(build, x) : build.full(x.shape, otherwise, 'bool');
  });
}

function rounded(build: Builder, x: Value, call: LayerCall): Value {
  const decimals = integer(call, 'decimals', 0);
  if (x.dtype !== 'float32') {
    if (decimals >= 0) return x;
    const factor = 10 ** decimals;
    return build.divide(build.unary('round', build.multiply(build.cast(x, 'float32'), factor)), factor);
  }
  if (decimals === 0) return build.unary('round', x);
  const factor = 10 ** decimals;
  return build.divide(build.unary('round', build.multiply(x, factor)), factor);
}

function clipped(call: LayerCall): Value {
  const { build } = call;
  const { value, type } = typed(call, 0, 'x');
  const limits = ['x_min', 'x_max'].map((key) => setting(call, key));
  const [min, max] = limits.map((limit) => {
    if (typeof limit === 'number') return limit;
    throw new UnsupportedError(`its limit ${JSON.stringify(limit)} is not a number`);
  });
  const x = type === 'bool' ? build.cast(value, 'int32') : value;
  // TensorFlow takes the smaller of the number and the upper limit first.
  if (min !== undefined && max !== undefined && min > max) return build.maximum(build.minimum(x, max), min);
  return build.clip(x, min ?? -Infinity, max ?? Infinity);
}

/** The sign of the number's bit pattern: -0 counts as negative. */
export function signBit(build: Builder, x: Value): Value {
  if (x.dtype === 'bool') return build.full(x.shape, 0, 'bool');
  if (x.dtype !== 'float32') return build.less(x, 0);
  return build.or(build.less(x, 0), build.and(build.equal(x, 0), build.less(build.reciprocal(x), 0)));
}

/** Replaces NaN and infinite numbers. Source: `nan_to_num` of `keras/src/backend/tensorflow/numpy.py`. */
export function withoutNaN(
  build: Builder,
  x: Value,
  { nan, posinf, neginf }: { nan: number; posinf: number; neginf: number },
): Value {
  if (x.dtype !== 'float32') return x;
  const filled = build.where(build.unary('isNaN', x), nan, x);
  const below = build.where(build.equal(filled, Infinity), posinf, filled);
  return build.where(build.equal(below, -Infinity), neginf, below);
}

const GREATEST = 3.4028234663852886e38;

/** sin(πx) / (πx), and 1 at 0. */
function sinc(build: Builder, x: Value): Value {
  const angle = build.multiply(x, Math.PI);
  return build.where(build.equal(x, 0), 1, build.divide(build.unary('sin', angle), angle));
}

export const ELEMENTWISE = {
  Absolute: same((build, x) => (x.dtype === 'bool' ? x : build.abs(x))),
  Abs: same((build, x) => (x.dtype === 'bool' ? x : build.abs(x))),
  Fabs: float((build, x) => build.abs(x)),
  Angle: float((build, x) => build.where(build.less(x, 0), Math.PI, 0)),
  Arccos: unary('acos'),
  Arccosh: unary('acosh'),
  Arcsin: unary('asin'),
  Arcsinh: unary('asinh'),
  Arctan: unary('atan'),
  Arctanh: unary('atanh'),
  Cast: runs((call) => {
    const { value, type } = typed(call, 0, 'x');
    const dtype = setting(call, 'dtype');
    if ((dtype === 'uint32' || dtype === 'uint64') && !/^(bool|uint.*)$/u.test(type)) {
      throw new UnsupportedError(`its type is ${dtype}, in which numbers below 0 become great ones`);
    }
    return castTo(call.build, value, dtype);
  }),
  Cbrt: float(cubeRoot),
  Ceil: unary('ceil'),
  Clip: runs(clipped),
  Conj: same((_, x) => x),
  Conjugate: same((_, x) => x),
  ConvertToTensor: runs((call) => {
    const x = tensor(call, 0, 'x');
    const dtype = setting(call, 'dtype');
    return dtype === undefined ? x : castTo(call.build, x, dtype);
  }),
  Copy: same((_, x) => x),
  Cos: unary('cos'),
  Cosh: unary('cosh'),
  Deg2rad: float((build, x) => build.multiply(x, Math.PI / 180)),
  Erf: unary('erf'),
  Erfc: float(erfComplement),
  Erfinv: float(erfInverse),
  Exp: unary('exp'),
  Exp2: float((build, x) => build.power(2, x)),
  Expm1: float(exponentialMinus1),
  Floor: unary('floor'),
  I0: float(bessel0),
  Imag: same((build, x) => build.multiply(x, 0)),
  Isfinite: test((build, x) => build.less(build.abs(x), Infinity), 1),
  Isinf: test((build, x) => build.unary('isInfinite', x)),
  Isnan: test((build, x) => build.unary('isNaN', x)),
  Isneginf: test((build, x) => build.equal(x, -Infinity)),
  Isposinf: test((build, x) => build.equal(x, Infinity)),
  Isreal: runs((call) => call.build.full(tensor(call, 0, 'x').shape, 1, 'bool')),
  Log: unary('log'),
  Log10: float((build, x) => build.divide(build.log(x), Math.fround(Math.LN10))),
  Log1p: float(logarithmOf1Plus),
  Log2: float((build, x) => build.divide(build.log(x), Math.fround(Math.LN2))),
  NanToNum: runs((call) => {
    const [nan, posinf, neginf] = [
      number(call, 'nan', 0),
      number(call, 'posinf', GREATEST),
      number(call, 'neginf', -GREATEST),
    ];
    return withoutNaN(call.build, tensor(call, 0, 'x'), { nan, posinf, neginf });
  }),
  Negative: same((build, x) => build.negative(x)),
  Rad2deg: float((build, x) => build.multiply(x, 180 / Math.PI)),
  Real: same((_, x) => x),
  Reciprocal: float((build, x) => build.reciprocal(x)),
  Round: same(rounded),
  Rsqrt: float((build, x) => build.reciprocal(build.sqrt(x))),
  SaturateCast: runs(saturated),
  Sign: same((build, x) => build.unary('sign', x)),
  Signbit: runs((call) => signBit(call.build, tensor(call, 0, 'x'))),
  Sin: unary('sin'),
  Sinc: float(sinc),
  Sinh: unary('sinh'),
  Sqrt: unary('sqrt'),
  Square: runs((call) => {
    const { build } = call;
    const { value, type } = typed(call, 0, 'x');
    if (type === 'bool') return build.cast(value, 'int32');
    return toType(build, build.square(value), type);
  }),
  StopGradient: runs((call) => tensor(call, 0, 'variable')),
  Tan: unary('tan'),
  Tanh: unary('tanh'),
  Trunc: same((build, x) =>
    x.dtype === 'float32'
      ? build.where(build.less(x, 0), build.unary('ceil', x), build.unary('floor', x))
      : x,
  ),
  View: runs((call) => {
    const { value, type } = typed(call, 0, 'x');
    const dtype = setting(call, 'dtype');
    if (dtype !== undefined && dtype !== type)
      throw new UnsupportedError('it reads the bits of numbers as another type');
    return value;
  }),
};

const LIMITS: Readonly<Record<string, readonly [number, number]>> = {
  bool: [0, 1],
  bfloat16: [-3.3895313892515355e38, 3.3895313892515355e38],
  float16: [-65_504, 65_504],
  uint8: [0, 255],
  uint16: [0, 65_535],
  int8: [-128, 127],
  int16: [-32_768, 32_767],
};

/** Numbers that the type cannot hold become its least or greatest. */
export function saturateTo(build: Builder, value: Value, from: KerasType, dtype: unknown): Value {
  if (typeof dtype !== 'string' || !isKerasType(dtype))
    throw new UnsupportedError(`its type ${JSON.stringify(dtype)} cannot be held`);
  const limits = LIMITS[dtype];
  const numbers = value.dtype === 'bool' ? build.cast(value, 'int32') : value;
  if (limits !== undefined) return castTo(build, build.clip(numbers, ...limits), dtype);
  if (!isFloat(from) || isFloat(dtype)) return castTo(build, value, dtype);
  // The greatest number of float32 below 2^31. Above, the conversion is not defined.
  if (dtype === 'int32') return castTo(build, build.clip(numbers, -(2 ** 31), 2 ** 31 - 128), dtype);
  throw new UnsupportedError(`it limits numbers to the type ${dtype}`);
}

function saturated(call: LayerCall): Value {
  const { value, type } = typed(call, 0, 'x');
  return saturateTo(call.build, value, type, setting(call, 'dtype'));
}
