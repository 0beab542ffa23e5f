const LOW_DIGITS = 12;
const LOW_RANGE = 2 ** (4 * LOW_DIGITS);

/**
 * The key of a call that was given none. It is derived only when somebody asks for it, here or in the child: for most
 * calls nobody does.
 * @param series A random UUID, the same for all calls of a broker.
 * @param order Place of the call in the order of submission.
 * @returns A UUID that no other call has.
 */
export function derivedKey(series: string, order: number): string {
  const head = series.slice(0, -LOW_DIGITS);
  const low = (Number.parseInt(series.slice(-LOW_DIGITS), 16) + order) % LOW_RANGE;
  return head + low.toString(16).padStart(LOW_DIGITS, '0');
}
