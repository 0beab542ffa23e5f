/** Index of the first NaN or infinite number, or -1 if all numbers are finite. */
export function firstNotFinite(numbers: Float32Array): number {
  for (let index = 0; index < numbers.length; index++) {
    // x - x is 0 for every finite x, and NaN otherwise. This is faster than a function call for each number.
    const number = numbers[index] ?? 0;
    if (number - number !== 0) return index;
  }
  return -1;
}
