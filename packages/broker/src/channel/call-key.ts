const LOW_DIGITS = 12;
const LOW_RANGE = 2 ** (4 * LOW_DIGITS);

/**
 * The key of a call that was given none. Derived, so that it takes no time until somebody asks for it, here or in the
 * child: few ever do.
 * @param series A random UUID, the same for all calls of a broker.
 * @param order Which of all calls it is.
 * @returns A UUID that is no other call's.
 */
export function derivedKey(series: string, order: number): string {
  const head = series.slice(0, -LOW_DIGITS);
  const low = (Number.parseInt(series.slice(-LOW_DIGITS), 16) + order) % LOW_RANGE;
  return head + low.toString(16).padStart(LOW_DIGITS, '0');
}
