import { InvalidOptionError } from '../errors.js';

/** Describes an accepted value, for errors. */
export const TRACEPARENT =
  "a W3C traceparent such as '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', its ids not all zeros";

/**
 * `version-traceid-parentid-flags` in lower-case hexadecimal digits. A version above 00 may add more after that; it is
 * kept up to a length that no real header has. Source: https://www.w3.org/TR/trace-context/#traceparent-header.
 */
const GRAMMAR =
  /^(?!ff)(?<version>[\da-f]{2})-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?<more>-[!-~]{0,200})?$/;

export function isTraceparent(value: unknown): value is string {
  const groups = typeof value === 'string' ? GRAMMAR.exec(value)?.groups : undefined;
  return groups !== undefined && (groups['version'] !== '00' || groups['more'] === undefined);
}

/** @throws {InvalidOptionError} If the value is not a traceparent. */
export function checkTraceparent(value: unknown): string {
  if (isTraceparent(value)) return value;
  throw new InvalidOptionError('traceparent', `traceparent must be ${TRACEPARENT}`);
}
