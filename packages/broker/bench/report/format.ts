/** Rounds to about three digits, because a benchmark is no more precise: `0.87`, `8.71`, `87.1`, `871`, `8712`. */
export function threeDigits(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}

/** The ratio of `value` to `unit`, or `–` if it cannot be computed. */
export function times(value: number | undefined, unit: number | undefined): string {
  if (value === undefined || unit === undefined || unit === 0) return '–';
  return `${threeDigits(value / unit)}×`;
}
