/** The HTTP status for each code. */
export const IMAGE_STATUSES = {
  ERR_IMAGE_EMPTY: 400,
  ERR_IMAGE_UNSUPPORTED: 415,
  ERR_IMAGE_CORRUPT: 422,
  ERR_IMAGE_TOO_MANY_PIXELS: 413,
  ERR_IMAGE_TOO_LONG: 413,
  ERR_IMAGE_TOO_SLOW: 422,
  ERR_IMAGE_TOO_MUCH_MEMORY: 422,
} as const;

export type ImageErrorCode = keyof typeof IMAGE_STATUSES;

/** The image is at fault, not the service. Its `code` is kept on the way from the decoder's process to the web server. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly code: ImageErrorCode;

  constructor(code: ImageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
