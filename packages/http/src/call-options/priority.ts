import type { IncomingMessage } from 'node:http';

/** RFC 9218: urgency 0 is the highest, 7 the lowest, and 3 the default. */
const DEFAULT_URGENCY = 3;

/**
 * Reads the urgency of the header `Priority` (RFC 9218), such as `u=1`, as a priority of the broker: higher first, and 0 if
 * the client says nothing. A malformed header is ignored, as the RFC demands.
 */
export function priorityOf({ headers }: IncomingMessage): number {
  const header = [headers['priority'] ?? []].flat().join(',');
  const urgency = /(?:^|,)\s*u=([0-7])\s*(?:[;,]|$)/.exec(header)?.[1];
  return urgency === undefined ? 0 : DEFAULT_URGENCY - Number(urgency);
}
