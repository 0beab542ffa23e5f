/** Position of the first NaN or infinity, -1 where all numbers are finite. */
export function firstNotFinite(numbers: Float32Array): number {
  for (let index = 0; index < numbers.length; index++) {
    // Only NaN and the infinities differ from themselves less themselves; unlike a call per number, this is fast.
    const number = numbers[index] ?? 0;
    if (number - number !== 0) return index;
  }
  return -1;
}
