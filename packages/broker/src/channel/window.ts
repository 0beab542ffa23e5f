/** Chunks of a stream that may be in transit. Enough that neither side waits for the other's wake-up. */
const MAX_CHUNKS = 256;
/** Bytes of them. The chunk that reaches this bound may be longer than the room that was left. */
const MAX_BYTES = 1024 * 1024;

/**
 * Credit-based flow control of a stream: the chunks that the child has sent and the reader has not taken. Each side keeps
 * its own account. The child sends while its window is not full; the broker refuses a chunk that exceeds its own.
 */
export class Window {
  /** Length of each chunk in bytes, oldest first. */
  readonly #chunks: number[] = [];
  #bytes = 0;

  isFull(): boolean {
    return this.#chunks.length >= MAX_CHUNKS || this.#bytes >= MAX_BYTES;
  }

  /** Whether so much was taken that a credit message pays. Half a window, so the child never waits in vain. */
  static deservesCredit(chunks: number, bytes: number): boolean {
    return chunks >= MAX_CHUNKS / 2 || bytes >= MAX_BYTES / 2;
  }

  add(bytes: number): void {
    this.#chunks.push(bytes);
    this.#bytes += bytes;
  }

  /** The reader has taken the oldest chunks. */
  release(chunks: number): void {
    for (const bytes of this.#chunks.splice(0, chunks)) this.#bytes -= bytes;
  }
}
