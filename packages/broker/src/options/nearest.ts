/**
 * The hint for a name that is not known, such as ` (did you mean timeout?)`; empty if none is similar.
 * @param prefix Stands before each of the names.
 */
export function didYouMean(given: string, names: readonly string[], prefix = ''): string {
  const nearest = nearestOf(given, names);
  return nearest === undefined ? '' : ` (did you mean ${prefix}${nearest}?)`;
}

/** The name that differs least from the given one; `undefined` if none is similar. */
function nearestOf(given: string, names: readonly string[]): string | undefined {
  const wanted = given.toLowerCase();
  let nearest: string | undefined;
  // Up to a third of the letters may be wrong.
  let least = Math.max(2, Math.floor(given.length / 3)) + 1;
  for (const name of names) {
    const distance = distanceBetween(wanted, name.toLowerCase());
    if (distance < least) [nearest, least] = [name, distance];
  }
  return nearest;
}

/** The number of letters to insert, remove or replace (V. Levenshtein, 1966), by the algorithm of Wagner and Fischer. */
function distanceBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
