/** What a caught value says of itself, on one line; errors that use it carry the whole as their `cause`. */
export function reasonOf(caught: unknown): string {
  const said = typeof caught === 'object' && caught !== null && 'message' in caught ? caught.message : caught;
  return String(said).trim().split('\n', 1).join();
}
