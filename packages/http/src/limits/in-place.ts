import type { IncomingMessage } from 'node:http';

import type { Limits, Phase } from './limits.js';

/**
 * Does a part of a request in a place of its own, and gives the place back.
 * @param limits Without them, there is room for every request.
 * @throws {Problem} If there is no place (429, 503). Also what the work throws.
 */
export async function inPlace<T>(
  limits: Limits | undefined,
  phase: Phase,
  req: IncomingMessage,
  work: () => Promise<T>,
): Promise<T> {
  const leave = limits?.enter(phase, req);
  try {
    return await work();
  } finally {
    leave?.();
  }
}
