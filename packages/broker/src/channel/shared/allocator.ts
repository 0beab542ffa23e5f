import { ALIGNMENT, type Span } from './layout.js';

/** A first-fit allocator for a span of memory. */
export class Allocator {
  /** By ascending offset. No two of them touch. */
  readonly #gaps: Span[];
  /** Length of each allocation, by offset. */
  readonly #taken = new Map<number, number>();
  #used = 0;

  constructor(span: Span) {
    this.#gaps = [span];
  }

  /** Allocated bytes, including those lost to alignment. */
  get used(): number {
    return this.#used;
  }

  /** @returns The offset of at least `bytes` bytes; `undefined` if no gap is large enough. */
  allocate(bytes: number): number | undefined {
    const length = Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const index = this.#gaps.findIndex((gap) => gap.length >= length);
    const gap = this.#gaps[index];
    if (gap === undefined) return undefined;
    const rest = { offset: gap.offset + length, length: gap.length - length };
    this.#gaps.splice(index, 1, ...(rest.length === 0 ? [] : [rest]));
    this.#taken.set(gap.offset, length);
    this.#used += length;
    return gap.offset;
  }

  /** @param offset One that `allocate` has returned. */
  free(offset: number): void {
    const length = this.#taken.get(offset);
    if (length === undefined) throw new RangeError(`nothing is allocated at ${offset}`);
    this.#taken.delete(offset);
    this.#used -= length;
    const next = this.#gaps.findIndex((gap) => gap.offset > offset);
    this.#insert({ offset, length }, next === -1 ? this.#gaps.length : next);
  }

  /** Adds a gap, and joins it with the neighbours that it touches. */
  #insert(gap: Span, index: number): void {
    const before = this.#gaps[index - 1];
    const after = this.#gaps[index];
    let first = index;
    let { offset, length } = gap;
    if (before && end(before) === offset) {
      first -= 1;
      offset = before.offset;
      length += before.length;
    }
    const joinsAfter = after?.offset === end(gap);
    if (joinsAfter) length += after.length;
    this.#gaps.splice(first, index - first + Number(joinsAfter), { offset, length });
  }
}

function end({ offset, length }: Span): number {
  return offset + length;
}
