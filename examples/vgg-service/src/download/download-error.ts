export type DownloadErrorCode =
  | 'ERR_URL_INVALID'
  | 'ERR_URL_SCHEME'
  | 'ERR_URL_CREDENTIALS'
  | 'ERR_URL_PRIVATE'
  | 'ERR_UPSTREAM_STATUS'
  | 'ERR_UPSTREAM_REDIRECT'
  | 'ERR_UPSTREAM_UNREACHABLE'
  | 'ERR_UPSTREAM_BROKEN'
  | 'ERR_UPSTREAM_EMPTY'
  | 'ERR_UPSTREAM_TIMEOUT'
  | 'ERR_UPSTREAM_TOO_LARGE';

/** The image at a URL is not available. The `code` says whether the URL or the server is at fault. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError';
  readonly code: DownloadErrorCode;

  constructor(code: DownloadErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
