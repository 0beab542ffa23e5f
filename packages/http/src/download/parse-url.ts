import { printable } from '../problems/printable.js';
import { Problem } from '../problems/problem.js';

/** `host:port`, `localhost/…` or `name.domain/…`. The URL parser takes `host:` for a scheme, and rejects the others. */
const LACKS_SCHEME = /^(?:[a-z\d.-]+:\d{1,5}(?:\/|$)|localhost\/|[a-z\d-]+(?:\.[a-z\d-]+)+\/)/i;

/** No server takes a longer one. */
const LONGEST_URL = 8_192;

/**
 * Parses a URL that a stranger gave.
 * @param field The field that held it, for the error.
 * @throws {Problem} If the text is not a URL (`ERR_URL_INVALID`), its scheme is not http or https (`ERR_URL_SCHEME`), or it
 * has a user name or a password (`ERR_URL_CREDENTIALS`): 400.
 */
export function parseUrl(text: string, field = 'url'): URL {
  const shown = printable(text, 80);
  if (text.length > LONGEST_URL) throw invalid(`The URL has more than ${LONGEST_URL} characters.`, field);
  if (LACKS_SCHEME.test(text))
    throw invalid(`"${shown}" does not start with http:// or https://. Did you mean http://${shown}?`, field);
  if (!URL.canParse(text))
    throw invalid(`"${shown}" is not a URL. Give one such as https://example.com/cat.jpg.`, field);
  return requireFetchable(new URL(text), field);
}

/** @throws {Problem} If the scheme is not http or https, or the URL has a user name or a password (400). */
export function requireFetchable(url: URL, field: string): URL {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    const detail = `The URL starts with "${printable(url.protocol, 80)}". Use http:// or https:// instead.`;
    throw new Problem({ status: 400, code: 'ERR_URL_SCHEME', detail, field });
  }
  if (url.username !== '' || url.password !== '') {
    const detail = 'The URL contains a user name or password. Leave them out.';
    throw new Problem({ status: 400, code: 'ERR_URL_CREDENTIALS', detail, field });
  }
  return url;
}

function invalid(detail: string, field: string): Problem {
  return new Problem({ status: 400, code: 'ERR_URL_INVALID', detail, field });
}
