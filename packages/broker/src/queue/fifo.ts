interface Node<T> {
  readonly value: T;
  before: Node<T> | undefined;
  after: Node<T> | undefined;
}

/** First in, first out; every operation takes the same time however many wait. A value stands in it once. */
export class Fifo<T extends object> {
  readonly #nodes = new Map<T, Node<T>>();
  #first: Node<T> | undefined;
  #last: Node<T> | undefined;

  get first(): T | undefined {
    return this.#first?.value;
  }

  push(value: T): void {
    this.#insert(value, this.#last, undefined);
  }

  unshift(value: T): void {
    this.#insert(value, undefined, this.#first);
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
