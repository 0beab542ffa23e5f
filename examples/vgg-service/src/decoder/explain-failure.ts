import { ImageError } from '../imaging/image-error.js';

/** The decoders word it in these ways when a file is intact, and they cannot read its variant. */
const UNSUPPORTED =
  /not supported|only supports|not implemented|not configured|unsupported (?!image format)|no decoding plugin/i;

/** The decoder could not do its work, whatever the image. */
const OWN_FAILURE = /memory|allocat|too many open files/i;

/**
 * Converts an error of the decoder to one about the image, if the image is at fault.
 *
 * @param damaged The first sentence, if the image is damaged.
 */
export function explainFailure(error: unknown, damaged: string): unknown {
  const reason = error instanceof Error ? error.message : String(error);
  if (UNSUPPORTED.test(reason))
    return new ImageError(
      'ERR_IMAGE_UNSUPPORTED',
      'The image is of a variant of its format that is not supported. Save it as JPEG or PNG.',
      { cause: error },
    );
  if (OWN_FAILURE.test(reason)) return error;
  return new ImageError('ERR_IMAGE_CORRUPT', `${damaged} Send an intact one.`, { cause: error });
}
