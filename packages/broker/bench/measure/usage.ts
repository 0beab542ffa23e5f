import type { Connection } from '../contender.js';
import type { Usage } from '../worker/methods.js';

/** CPU time of the worker's process. The worker itself reports it, so it is exact on every system. */
export async function workerUsage({ call }: Connection): Promise<Usage> {
  const usage = await call('usage', '');
  if (isUsage(usage)) return usage;
  throw new TypeError('the worker did not report its CPU time');
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
