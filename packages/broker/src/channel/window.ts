/** So many chunks of a stream may be under way: enough that neither side waits for the way between them. */
const MAX_CHUNKS = 256;
/** So many bytes of them; the chunk that reaches this may be longer than what was left. */
const MAX_BYTES = 1024 * 1024;

/**
 * What of a stream is under way: sent by the child, and not yet taken by the reader. Each side keeps its own account:
 * the child sends while it is not full, and the broker takes nothing that comes while it is.
 */
export class Window {
  /** Bytes of each chunk, oldest first. */
  readonly #chunks: number[] = [];
  #bytes = 0;

  isFull(): boolean {
    return this.#chunks.length >= MAX_CHUNKS || this.#bytes >= MAX_BYTES;
  }

  /** Whether that much is worth a message of its own. As all of a full window is, the child never waits in vain. */
  static worthTelling(chunks: number, bytes: number): boolean {
    return chunks >= MAX_CHUNKS / 2 || bytes >= MAX_BYTES / 2;
  }

  add(bytes: number): void {
    this.#chunks.push(bytes);
    this.#bytes += bytes;
  }

  /** The reader has taken the oldest of them. */
  release(chunks: number): void {
    for (const bytes of this.#chunks.splice(0, chunks)) this.#bytes -= bytes;
  }
}
