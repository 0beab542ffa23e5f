interface Node<T> {
  readonly value: T;
  before: Node<T> | undefined;
  after: Node<T> | undefined;
}

/**
 * Values by their `order`. Those that come later in it are added at the end; every operation takes the same time
 * however many wait, but that to put one back takes longer the further back it goes. A value stands in it once.
 */
export class Fifo<T extends { readonly order: number }> {
  readonly #nodes = new Map<T, Node<T>>();
  #first: Node<T> | undefined;
  #last: Node<T> | undefined;

  get first(): T | undefined {
    return this.#first?.value;
  }

  /** The one after this. */
  after(value: T): T | undefined {
    return this.#nodes.get(value)?.after?.value;
  }

  push(value: T): void {
    this.#insert(value, this.#last, undefined);
  }

  /** Puts a value where it stood before it was taken. */
  putBack(value: T): void {
    let before: Node<T> | undefined;
    let after = this.#first;
    while (after !== undefined && after.value.order < value.order) [before, after] = [after, after.after];
    this.#insert(value, before, after);
  }

  /** @returns false where the value is not there. */
  delete(value: T): boolean {
    const node = this.#nodes.get(value);
    if (node === undefined) return false;
    this.#nodes.delete(value);
    if (node.before === undefined) this.#first = node.after;
    else node.before.after = node.after;
    if (node.after === undefined) this.#last = node.before;
    else node.after.before = node.before;
    // Dead, it may outlive the next collections of young memory, and must not take along all that came after it.
    node.before = node.after = undefined;
    return true;
  }

  #insert(value: T, before: Node<T> | undefined, after: Node<T> | undefined): void {
    const node = { value, before, after };
    this.#nodes.set(value, node);
    if (before === undefined) this.#first = node;
    else before.after = node;
    if (after === undefined) this.#last = node;
    else after.before = node;
  }
}
