const CRLF = Buffer.from('\r\n');

/**
 * Counts the parts of a multipart form by their delimiters. The parser drops a part without a name, and says nothing; the
 * numbers then differ.
 */
export class PartCounter {
  readonly #delimiter: Buffer;
  /** The end of what was seen, in which a delimiter may begin. Before the first byte stands a line end, as it were. */
  #tail = CRLF;
  #count = 0;

  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  }

  /** Number of delimiters so far, without the closing one, whose end must have been seen. */
  get count(): number {
    return this.#count;
  }

  add(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#tail, chunk]);
    // Two more bytes tell the closing delimiter.
    const whole = this.#delimiter.length + 2;
    let from = 0;
    for (;;) {
      const at = bytes.indexOf(this.#delimiter, from);
      if (at === -1 || at + whole > bytes.length) {
        from = at === -1 ? Math.max(from, bytes.length - whole + 1) : at;
        break;
      }
      if (bytes.toString('latin1', at + whole - 2, at + whole) !== '--') this.#count += 1;
      from = at + whole - 2;
    }
    this.#tail = bytes.subarray(from);
  }
}
