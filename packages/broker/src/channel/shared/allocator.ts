import { ALIGNMENT, type Span } from './layout.js';

/** Divides a span of memory among those who need some of it: the first gap that is large enough is taken. */
export class Allocator {
  /** In the order of their offsets; no two of them touch. */
  readonly #gaps: Span[];
  /** Lengths of what is taken, by offset. */
  readonly #taken = new Map<number, number>();
  #used = 0;

  constructor(span: Span) {
    this.#gaps = [span];
  }

  /** Bytes that are taken, with what is lost to alignment. */
  get used(): number {
    return this.#used;
  }

  /** @returns The offset of at least `bytes` bytes; `undefined` where no gap is large enough. */
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

  /** Gives back what `allocate` has returned. */
  free(offset: number): void {
    const length = this.#taken.get(offset);
    if (length === undefined) throw new RangeError(`nothing is allocated at ${offset}`);
    this.#taken.delete(offset);
    this.#used -= length;
    const next = this.#gaps.findIndex((gap) => gap.offset > offset);
    this.#insert({ offset, length }, next === -1 ? this.#gaps.length : next);
  }

  /** Joins a gap with its neighbours, where it touches them. */
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
