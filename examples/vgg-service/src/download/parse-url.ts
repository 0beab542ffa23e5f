import { DownloadError } from './download-error.js';

/** `host:port`, `localhost/…` or `name.domain/…`: a URL takes the first for a scheme of that name, and the rest for none. */
const lacksScheme = /^(?:[a-z\d.-]+:\d{1,5}(?:\/|$)|localhost\/|[a-z\d-]+(?:\.[a-z\d-]+)+\/)/i;

/**
 * Reads a URL that a stranger gave.
 *
 * @throws {DownloadError} `ERR_URL_INVALID`, `ERR_URL_SCHEME` or `ERR_URL_CREDENTIALS`.
 */
export function parseImageUrl(text: string): URL {
  if (lacksScheme.test(text)) {
    throw new DownloadError(
      'ERR_URL_INVALID',
      `"${excerpt(text)}" does not say http:// or https://. Did you mean http://${excerpt(text)}?`,
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

/** @throws {DownloadError} `ERR_URL_SCHEME` or `ERR_URL_CREDENTIALS`. */
export function requireFetchable(url: URL): URL {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new DownloadError(
      'ERR_URL_SCHEME',
      `A URL that starts with "${excerpt(url.protocol)}" is not taken: use http: or https:.`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new DownloadError(
      'ERR_URL_CREDENTIALS',
      'A URL with a user name or password in it is not taken: leave them out.',
    );
  }
  return url;
}

function excerpt(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
