/** The floating-point types of 16 bits. `bits`: those of the fraction; `lowest`: the exponent of the least normal number. */
const HALVES = {
  asFloat16: { bits: 10, lowest: -14, largest: 65504 },
  asBfloat16: { bits: 7, lowest: -126, largest: 2 ** 127 * (2 - 2 ** -7) },
} as const;

/** Rounds each number to the nearest of a type of 16 bits. Halves go to the even neighbour. */
export function toHalfPrecision(fn: keyof typeof HALVES, numbers: Float32Array): Float32Array {
  const { bits, lowest, largest } = HALVES[fn];
  const exponents = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  return numbers.map((number, index) => {
    const exponent = (((exponents[index] ?? 0) >>> 23) & 0xff) - 127;
    if (exponent === 128) return number;
    const unit = 2 ** (Math.max(exponent, lowest) - bits);
    // In this range, neighbouring doubles are one unit apart, so that the addition rounds.
    const shift = 1.5 * 2 ** 52 * unit;
    const rounded = Math.abs(number) + shift - shift;
    return Math.sign(number) * (rounded > largest ? Infinity : rounded);
  });
}
