/** How the numbers of a dataset are stored: floating-point numbers of IEEE 754, little-endian or big-endian. */
export type StoredType = 'float16' | 'float32' | 'float64';

interface FloatLayout {
  bytes: number;
  /** Positions in bits, counted from the least significant. */
  sign: number;
  exponent: { at: number; bits: number; bias: number };
  fraction: { at: number; bits: number };
}

const LAYOUTS: readonly [StoredType, FloatLayout][] = [
  ['float16', ieee(2, 5)],
  ['float32', ieee(4, 8)],
  ['float64', ieee(8, 11)],
];

/** The formats of IEEE 754: from the top a sign, an exponent, a fraction. */
function ieee(bytes: number, exponentBits: number): FloatLayout {
  const at = 8 * bytes - 1 - exponentBits;
  return {
    bytes,
    sign: 8 * bytes - 1,
    exponent: { at, bits: exponentBits, bias: 2 ** (exponentBits - 1) - 1 },
    fraction: { at: 0, bits: at },
  };
}

const FLOAT_CLASS = 1;
const IMPLIED_LEADING_ONE = 2;

/**
 * The type that a datatype message describes, `undefined` where it is none of ours: another two bytes than IEEE's, such
 * as bfloat16, would be read as wrong numbers.
 * Source: HDF5 File Format Specification 3.0, section IV.A.2.d, class 1.
 */
export function storedType(message: Buffer): StoredType | undefined {
  if (message.length < 20 || (message.readUInt8(0) & 0x0f) !== FLOAT_CLASS) return undefined;
  const order = message.readUInt8(1);
  // Bit 6 stands for the order of a VAX; bits 4 and 5 for what stands before the fraction.
  if ((order & 0b100_0000) !== 0 || ((order >> 4) & 0b11) !== IMPLIED_LEADING_ONE) return undefined;
  const bytes = message.readUInt32LE(4);
  const wholly = message.readUInt16LE(8) === 0 && message.readUInt16LE(10) === 8 * bytes;
  const found: FloatLayout = {
    bytes,
    sign: message.readUInt8(2),
    exponent: { at: message.readUInt8(12), bits: message.readUInt8(13), bias: message.readUInt32LE(16) },
    fraction: { at: message.readUInt8(14), bits: message.readUInt8(15) },
  };
  return LAYOUTS.find(([, layout]) => wholly && same(layout, found))?.[0];
}

function same(a: FloatLayout, b: FloatLayout): boolean {
  return (
    a.bytes === b.bytes &&
    a.sign === b.sign &&
    a.exponent.at === b.exponent.at &&
    a.exponent.bits === b.exponent.bits &&
    a.exponent.bias === b.exponent.bias &&
    a.fraction.at === b.fraction.at &&
    a.fraction.bits === b.fraction.bits
  );
}
