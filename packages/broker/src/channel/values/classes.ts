import { types } from 'node:util';

/** Its own name. A class may have a static getter or method in its place. */
export function functionName(of: object): string {
  const name: unknown = types.isProxy(of) ? undefined : Object.getOwnPropertyDescriptor(of, 'name')?.value;
  return typeof name === 'string' ? name : '';
}

/** The object, then its prototypes, up to the first Proxy, which would run code. */
export function* inherited(object: object): Generator<object> {
  for (let next: unknown = object; typeof next === 'object' && next !== null && !types.isProxy(next);) {
    yield next;
    next = Object.getPrototypeOf(next);
  }
}

/** Whether the function is not written in JavaScript. */
export function isNative(of: object): boolean {
  return /^function [^(]*\(\) \{ \[native code\] \}$/.test(Function.prototype.toString.call(of));
}
