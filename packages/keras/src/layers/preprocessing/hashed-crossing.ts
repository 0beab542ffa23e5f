import type { Builder } from '../../graph/builder.js';
import { GraphError } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { type LayerCall, type Lowered, runs, UnsupportedError } from '../layer.js';
import { choice, count } from '../settings.js';
import { encode } from './categories.js';

/** Source: `FingerprintCat64` of `third_party/xla/.../fingerprint.h` of TensorFlow, and `SparseCrossHashed`. */
const FACTOR = BigInt.asIntN(64, 0xc6a4a7935bd1e995n);
const SEED = 0xdecafcaffen;

/** A number for each combination of integers. Source: `keras/src/layers/preprocessing/hashed_crossing.py`. */
function hashedCrossing(call: LayerCall): Lowered {
  const { build, inputs } = call;
  if (inputs.length < 2) throw new GraphError(`needs 2 inputs or more, but has ${inputs.length}`);
  if (inputs.some(({ dtype }) => dtype === 'string'))
    throw new UnsupportedError('it hashes text with FarmHash, which no engine has');
  const bins = count(call, 'num_bins');
  const hash = inputs.reduce(
    (left, right) => concatenated(build, left, build.cast(right, 'int64')),
    whole(build, SEED),
  );
  return encode(
    call,
    remainder(build, hash, bins),
    choice(call, 'output_mode', ['int', 'one_hot'], 'int'),
    bins,
  );
}

/** A constant that may be too great for a number of JavaScript. */
function whole(build: Builder, value: bigint): Value {
  return build.constant(BigInt64Array.of(value), []);
}

// Integers of 64 bits have a sign here, but not in the hash. Products and sums wrap around alike.

function concatenated(build: Builder, left: Value, right: Value): Value {
  const factor = whole(build, FACTOR);
  const times = (x: Value) => build.multiply(x, factor);
  const start = exclusiveOr(build, left, factor);
  const mixed = times(exclusiveOr(build, start, times(shiftMix(build, times(right)))));
  return shiftMix(build, times(shiftMix(build, mixed)));
}

/** a ^ b, which is a + b without the carries. */
function exclusiveOr(build: Builder, a: Value, b: Value): Value {
  return build.subtract(build.add(a, b), build.multiply(build.binary('bitAnd', a, b), 2));
}

/** x ^ (x >>> 47). */
function shiftMix(build: Builder, x: Value): Value {
  const step = whole(build, 1n << 47n);
  const signed = build.binary('quotient', build.subtract(x, build.binary('floorMod', x, step)), step);
  return exclusiveOr(build, x, build.binary('bitAnd', signed, whole(build, (1n << 17n) - 1n)));
}

/** The rest of a number without a sign. */
function remainder(build: Builder, x: Value, divisor: number): Value {
  const wrapped = Number((1n << 64n) % BigInt(divisor));
  const rest = build.binary('floorMod', x, divisor);
  const shifted = build.binary('floorMod', build.add(rest, wrapped), divisor);
  return build.where(build.less(x, 0), shifted, rest);
}

export const HASHED_CROSSING = { HashedCrossing: runs(hashedCrossing) };
