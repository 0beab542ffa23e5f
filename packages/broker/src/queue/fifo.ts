interface Node<T> {
  readonly value: T;
  before: Node<T> | undefined;
  after: Node<T> | undefined;
}

/**
 * A queue of values in the order of their `order`. A value can be removed from any place. Every operation takes constant
 * time, except that `putBack` takes time in proportion to the number of values ahead. A value is in it at most once.
 */
export class Fifo<T extends { readonly order: number }> {
  readonly #nodes = new Map<T, Node<T>>();
  #first: Node<T> | undefined;
  #last: Node<T> | undefined;

  get first(): T | undefined {
    return this.#first?.value;
  }

  /** The value behind this one. */
  after(value: T): T | undefined {
    return this.#nodes.get(value)?.after?.value;
  }

  /** Adds a value, as a rule at the end. */
  push(value: T): void {
    let before = this.#last;
    // Submitting a call may run a getter of its arguments that submits another: then the second one comes first.
    while (before !== undefined && before.value.order > value.order) before = before.before;
    this.#insert(value, before, before === undefined ? this.#first : before.after);
  }

  /** Puts a value back to its place near the head, after it was taken. */
  putBack(value: T): void {
    let before: Node<T> | undefined;
    let after = this.#first;
    while (after !== undefined && after.value.order < value.order) [before, after] = [after, after.after];
    this.#insert(value, before, after);
  }

  /** @returns false if the value is not in it. */
  delete(value: T): boolean {
    const node = this.#nodes.get(value);
    if (node === undefined) return false;
    this.#nodes.delete(value);
    if (node.before === undefined) this.#first = node.after;
    else node.before.after = node.after;
    if (node.after === undefined) this.#last = node.before;
    else node.after.before = node.before;
    // Clear the links: a dead node that was promoted to the old generation would keep all later nodes alive.
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
