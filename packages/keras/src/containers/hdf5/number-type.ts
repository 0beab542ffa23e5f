/**
 * Types of numbers that datasets may use, little-endian or big-endian. Quantized weights are integers of 8 bits. Wider
 * integers are not read, because a 32-bit float cannot hold all of them.
 */
export type StoredType = FloatType | 'bfloat16' | 'int8' | 'uint8';

/** Formats of IEEE 754. */
type FloatType = 'float16' | 'float32' | 'float64';

interface FloatLayout {
  /** Size of a number in bytes. */
  bytes: number;
  /** Position of the sign bit. All positions are counted from the least significant bit. */
  sign: number;
  /** `at` is the position of the lowest bit. */
  exponent: { at: number; bits: number; bias: number };
  /** `at` is the position of the lowest bit. */
  fraction: { at: number; bits: number };
}

const LAYOUTS: readonly [FloatType, FloatLayout][] = [
  ['float16', ieee(2, 5)],
  ['float32', ieee(4, 8)],
  ['float64', ieee(8, 11)],
];

/** A format of IEEE 754: one sign bit, then the exponent, then the fraction, from the most significant bit down. */
function ieee(bytes: number, exponentBits: number): FloatLayout {
  const at = 8 * bytes - 1 - exponentBits;
  return {
    bytes,
    sign: 8 * bytes - 1,
    exponent: { at, bits: exponentBits, bias: 2 ** (exponentBits - 1) - 1 },
    fraction: { at: 0, bits: at },
  };
}

const INTEGER_CLASS = 0;
const FLOAT_CLASS = 1;
const OPAQUE_CLASS = 5;
const IMPLIED_LEADING_ONE = 2;

/**
 * Finds the type that a datatype message describes.
 *
 * Source: HDF5 File Format Specification 3.0, section IV.A.2.d.
 *
 * @returns `undefined` if the type is not one that we read.
 */
export function storedType(message: Buffer): StoredType | undefined {
  if (message.length < 8) return undefined;
  switch (message.readUInt8(0) & 0x0f) {
    case INTEGER_CLASS:
      return integerType(message);
    case FLOAT_CLASS:
      return floatType(message);
    case OPAQUE_CLASS:
      // h5py has no name for the bfloat16 of Keras: it stores two opaque bytes.
      return message.readUInt32LE(4) === 2 ? 'bfloat16' : undefined;
    default:
      return undefined;
  }
}

/** The bits must fill the byte: class 0. */
function integerType(message: Buffer): StoredType | undefined {
  const wholly = message.length >= 12 && message.readUInt16LE(8) === 0 && message.readUInt16LE(10) === 8;
  if (!wholly || message.readUInt32LE(4) !== 1) return undefined;
  return (message.readUInt8(1) & 0b1000) === 0 ? 'uint8' : 'int8';
}

/**
 * Class 1. The size alone does not tell: a bfloat16 has two bytes like a float16, and would be read as wrong numbers.
 */
function floatType(message: Buffer): StoredType | undefined {
  if (message.length < 20) return undefined;
  const order = message.readUInt8(1);
  // Bit 6 is set for the byte order of a VAX. Bits 4 and 5 say which bit precedes the fraction.
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
