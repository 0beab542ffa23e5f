declare const why: unique symbol;

/** A type that no value has. Its name in the compiler's error says why the value is refused. */
export interface Refused<Why extends string> {
  readonly [why]: Why;
}
