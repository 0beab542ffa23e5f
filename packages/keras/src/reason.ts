/** What a caught value says of itself. */
export function reasonOf(caught: unknown): string {
  return typeof caught === 'object' && caught !== null && 'message' in caught
    ? String(caught.message)
    : String(caught);
}
