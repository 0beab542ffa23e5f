const codes = [
  'ERR_IMAGE_EMPTY',
  'ERR_IMAGE_UNSUPPORTED',
  'ERR_IMAGE_CORRUPT',
  'ERR_IMAGE_TOO_MANY_PIXELS',
  'ERR_IMAGE_TOO_LONG',
] as const;

export type ImageErrorCode = (typeof codes)[number];

/** The image itself is at fault, not the service: its `code` survives the way from the child to the parent. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly code: ImageErrorCode;

  constructor(code: ImageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Recognises an ImageError by its code: one that crossed the process boundary is no instance of the class any more. */
export function isImageError(error: unknown): error is Error & { code: ImageErrorCode } {
  return error instanceof Error && 'code' in error && codes.some((code) => code === error.code);
}
