import { types } from 'node:util';

/** A function that a prototype names as its constructor. */
export interface Class {
  readonly of: object;
  /** Empty if it has none. */
  readonly name: string;
}

/** The class that has this prototype. Reads no property that could run code. */
export function classOf(prototype: object): Class | undefined {
  const of = ownValue(prototype, 'constructor');
  if (typeof of !== 'function' || types.isProxy(of) || ownValue(of, 'prototype') !== prototype)
    return undefined;
  return { of, name: functionName(of) };
}

/** Its own name. A class may have a static getter or method in its place. */
export function functionName(of: object): string {
  const name = types.isProxy(of) ? undefined : ownValue(of, 'name');
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

function ownValue(object: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(object, name)?.value;
}
