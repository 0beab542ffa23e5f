import { isDeepStrictEqual } from 'node:util';

import type { Connection } from '../contender.js';
import type { Task } from '../tasks.js';
import { sink } from '../worker/methods.js';

/**
 * Makes sure that a contender answers the task correctly, because the speed of wrong answers means nothing. Compares
 * the type, the length and every element.
 * @throws {Error} When the answer is wrong. The message names the type of the answer.
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
