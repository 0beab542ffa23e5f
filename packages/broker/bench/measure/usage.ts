import type { Connection } from '../contender.js';
import type { Usage } from '../worker/methods.js';

/** What the worker's process has used; asked of the worker itself, so that it is exact on every system. */
export async function workerUsage({ call }: Connection): Promise<Usage> {
  const usage = await call('usage', '');
  if (isUsage(usage)) return usage;
  throw new TypeError('the worker did not tell its CPU time');
}

function isUsage(value: unknown): value is Usage {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    typeof value.pid === 'number' &&
    'cpu' in value &&
    typeof value.cpu === 'number'
  );
}
