/** The first line of a caught value's message. An error that quotes it keeps the whole value as its `cause`. */
export function reasonOf(caught: unknown): string {
  const said = typeof caught === 'object' && caught !== null && 'message' in caught ? caught.message : caught;
  return String(said).trim().split('\n', 1).join();
}
