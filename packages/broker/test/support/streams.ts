/** Reads all chunks, and the error after them if there is one. */
export async function readAll(
  stream: AsyncIterable<unknown>,
): Promise<{ chunks: unknown[]; error: unknown }> {
  const chunks: unknown[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk);
  } catch (error) {
    return { chunks, error };
  }
  return { chunks, error: undefined };
}

/** Reads the first chunks, and then leaves the stream. */
export async function readFirst(stream: AsyncIterable<unknown>, count: number): Promise<unknown[]> {
  const chunks: unknown[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
    if (chunks.length === count) break;
  }
  return chunks;
}
