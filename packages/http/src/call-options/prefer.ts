import type { IncomingMessage } from 'node:http';

/** The preferences of a request (RFC 7240) that this package knows. */
export interface Preferences {
  /** `respond-async`: the client would rather have a job than wait. */
  readonly respondAsync: boolean;
  /** `wait`: how long the client waits for the answer, in s. */
  readonly wait: number | undefined;
}

/**
 * Reads the header `Prefer`. A malformed preference is ignored, as the RFC demands.
 * @param req The request.
 */
export function preferences({ headers }: IncomingMessage): Preferences {
  // Node joins repeated headers by commas.
  const parts = [headers['prefer'] ?? []].flat().join(',').split(',');
  let respondAsync = false;
  let wait: number | undefined;
  for (const part of parts) {
    const [name = '', value = ''] = part
      .split(';', 1)
      .join('')
      .split('=', 2)
      .map((text) => text.trim());
    if (name.toLowerCase() === 'respond-async') respondAsync = true;
    else if (name.toLowerCase() === 'wait') wait ??= seconds(value);
  }
  return { respondAsync, wait };
}

function seconds(text: string): number | undefined {
  return /^"?\d{1,9}"?$/.test(text) ? Number(text.replaceAll('"', '')) : undefined;
}
