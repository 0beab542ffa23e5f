/**
 * A document with other text between the two markers of that name; whatever else it says stays as it is.
 * @returns `undefined` where it has no such markers.
 */
export function replaceMarked(document: string, name: string, text: string): string | undefined {
  const begin = `<!-- ${name}:begin -->`;
  const from = document.indexOf(begin);
  const to = document.indexOf(`<!-- ${name}:end -->`);
  if (from === -1 || to < from) return undefined;
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`;
}
