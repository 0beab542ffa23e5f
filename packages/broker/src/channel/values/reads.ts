type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** What the getters of one value have returned. Each runs once, however often the value is walked. */
export class Reads {
  readonly #outcomes = new Map<object, Map<string, Outcome>>();

  get isEmpty(): boolean {
    return this.#outcomes.size === 0;
  }

  /** Whether a getter of this object has run. */
  has(object: object): boolean {
    return this.#outcomes.has(object);
  }

  note(object: object, name: string, outcome: Outcome): void {
    const known = this.#outcomes.get(object);
    if (known === undefined) this.#outcomes.set(object, new Map([[name, outcome]]));
    else known.set(name, outcome);
  }

  /** @throws {GetterError} If the getter throws, or has thrown before. */
  get(object: object, name: string): unknown {
    const known = this.#outcomes.get(object)?.get(name);
    const outcome = known ?? run(object, name);
    if (known === undefined) this.note(object, name, outcome);
    if ('error' in outcome) throw new GetterError(name, outcome.error);
    return outcome.value;
  }
}

function run(object: object, name: string): Outcome {
  try {
    return { value: Reflect.get(object, name) as unknown };
  } catch (error) {
    return { error };
  }
}

/** Its cause is what the getter has thrown. */
export class GetterError extends Error {
  readonly property: string;

  constructor(property: string, cause: unknown) {
    super('a getter throws', { cause });
    this.property = property;
  }
}
