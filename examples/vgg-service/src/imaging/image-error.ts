const codes = [
  'ERR_IMAGE_EMPTY',
  'ERR_IMAGE_UNSUPPORTED',
  'ERR_IMAGE_CORRUPT',
  'ERR_IMAGE_TOO_MANY_PIXELS',
  'ERR_IMAGE_TOO_LONG',
] as const;

export type ImageErrorCode = (typeof codes)[number];

/** The image is at fault, not the service. Its `code` is kept on the way from the model's process to the web server. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly code: ImageErrorCode;

  constructor(code: ImageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Identifies an ImageError by its code: after it crosses the process boundary, it is not an instance of the class. */
export function isImageError(error: unknown): error is Error & { code: ImageErrorCode } {
  return error instanceof Error && 'code' in error && codes.some((code) => code === error.code);
}
