import { ClientGone } from '../problems/client-gone.js';
import { Problem } from '../problems/problem.js';
import { privateAddress } from './addresses.js';
import { REFUSED_ADDRESS } from './guarded-lookup.js';

/** The codes of system errors of a connection, in words. */
const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the host does not exist (ENOTFOUND)',
  EAI_AGAIN: 'the DNS lookup failed (EAI_AGAIN)',
  ECONNREFUSED: 'it refused the connection (ECONNREFUSED)',
  EHOSTUNREACH: 'there is no route to the host (EHOSTUNREACH)',
  ENETUNREACH: 'there is no route to its network (ENETUNREACH)',
  ETIMEDOUT: 'the connection timed out (ETIMEDOUT)',
};

/** The status for each failure of the other server. */
const STATUS_OF = {
  BROKEN: 502,
  EMPTY: 502,
  REDIRECT: 502,
  STATUS: 502,
  TIMEOUT: 504,
  TOO_LARGE: 413,
  UNREACHABLE: 502,
};

/** Describes the failure of a download without the addresses that were looked up: they may be internal. */
export function explain(error: unknown, { host }: URL, field: string): Error {
  if (error instanceof Problem || error instanceof ClientGone) return error;
  const code = codeOf(error);
  if (code === REFUSED_ADDRESS) return privateAddress(host, field);
  const reason = code === undefined ? undefined : REASONS[code];
  if (reason !== undefined)
    return upstream(
      'UNREACHABLE',
      `${host} could not be reached: ${reason}. Check the URL, or try again later.`,
      field,
      error,
    );
  if (code !== undefined && /CERT|TLS|SSL|SIGNATURE/.test(code))
    return upstream(
      'UNREACHABLE',
      `${host} has no certificate that is trusted (${code}). Give another URL.`,
      field,
      error,
    );
  const mark = code === undefined ? '' : ` (${code})`;
  return upstream(
    'BROKEN',
    `The answer from ${host} is cut short or malformed${mark}. Check the URL, or try again later.`,
    field,
    error,
  );
}

/** A failure of another server. */
export function upstream(
  kind: keyof typeof STATUS_OF,
  detail: string,
  field: string,
  cause?: unknown,
): Problem {
  return new Problem({ status: STATUS_OF[kind], code: `ERR_UPSTREAM_${kind}`, detail, field, cause });
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z\d_]{1,60}$/.test(code) ? code : undefined;
}
