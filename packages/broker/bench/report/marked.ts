/**
 * Replaces the text between the two markers called `name`, and leaves the rest of the document as it is.
 * @returns The new document, or `undefined` if the document has no such markers.
 */
export function replaceMarked(document: string, name: string, text: string): string | undefined {
  const begin = `<!-- ${name}:begin -->`;
  const from = document.indexOf(begin);
  const to = document.indexOf(`<!-- ${name}:end -->`);
  if (from === -1 || to < from) return undefined;
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`;
}
