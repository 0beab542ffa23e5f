import { isDeepStrictEqual } from 'node:util';

import type { Connection } from '../contender.js';
import type { Task } from '../tasks.js';
import { sink } from '../worker/methods.js';

/**
 * Whether a contender does the task at all: a figure of a wrong answer would be worth nothing. Type, length and
 * every element have to be right.
 * @throws Error that says what came instead.
 */
export async function check({ call }: Connection, { method, payload }: Task): Promise<void> {
  const expected = method === 'echo' ? payload : sink(payload);
  const answer = await call(method, payload);
  if (!isDeepStrictEqual(answer, expected)) {
    throw new Error(`${method} of ${nameOf(payload)} answered ${nameOf(answer)}`);
  }
}

function nameOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value;
  const { name } = value.constructor;
  return 'length' in value ? `${name}(${String(value.length)})` : name;
}
