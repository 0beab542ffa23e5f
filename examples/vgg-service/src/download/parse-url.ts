import { DownloadError } from './download-error.js';

/** `host:port`, `localhost/…` or `name.domain/…`. The URL parser takes `host:` for a scheme and rejects the others. */
const lacksScheme = /^(?:[a-z\d.-]+:\d{1,5}(?:\/|$)|localhost\/|[a-z\d-]+(?:\.[a-z\d-]+)+\/)/i;

/**
 * Parses a URL that an untrusted client gave.
 *
 * @throws {DownloadError} When the text is not a URL (`ERR_URL_INVALID`), or `requireFetchable` refuses the URL.
 */
export function parseImageUrl(text: string): URL {
  if (lacksScheme.test(text)) {
    throw new DownloadError(
      'ERR_URL_INVALID',
      `"${excerpt(text)}" does not start with http:// or https://. Did you mean http://${excerpt(text)}?`,
    );
  }
  let url;
  try {
    url = new URL(text);
  } catch {
    throw new DownloadError(
      'ERR_URL_INVALID',
      `"${excerpt(text)}" is not a URL. Give one such as https://example.com/cat.jpg.`,
    );
  }
  return requireFetchable(url);
}

/**
 * Refuses URLs that this service does not fetch.
 *
 * @throws {DownloadError} When the scheme is not http or https (`ERR_URL_SCHEME`), or the URL has a user name or
 *   password (`ERR_URL_CREDENTIALS`).
 */
export function requireFetchable(url: URL): URL {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new DownloadError(
      'ERR_URL_SCHEME',
      `The URL starts with "${excerpt(url.protocol)}". Use http:// or https:// instead.`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new DownloadError(
      'ERR_URL_CREDENTIALS',
      'The URL contains a user name or password. Leave them out.',
    );
  }
  return url;
}

function excerpt(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
