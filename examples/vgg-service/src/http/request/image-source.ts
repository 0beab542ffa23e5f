import { Problem } from '../problem.js';

/** Where the image of a request is. */
export type ImageSource =
  | { kind: 'sample' }
  | { kind: 'url'; url: string }
  /** `origin` is what to call the bytes in a message; `field` where they were in a form. */
  | { kind: 'upload'; bytes: Uint8Array; origin: string; field?: 'file' };

/** The most an image may have, in bytes, however it comes. */
export const MAX_IMAGE_BYTES = 32 * 2 ** 20;

/** The most a form without a file, or a JSON document, may have. */
export const MAX_TEXT_BYTES = 64 * 2 ** 10;

/**
 * The one image that was meant. None at all means the sample photo.
 *
 * @throws {Problem} 400 for two of them.
 */
export function oneSource(
  urls: readonly string[],
  uploads: readonly Extract<ImageSource, { kind: 'upload' }>[],
): ImageSource {
  const given = urls.map((url) => url.trim()).filter((url) => url !== '');
  if (urls.length > 1) {
    throw new Problem({
      status: 400,
      code: 'ERR_TWO_URLS',
      detail: `The request has ${urls.length} values for url. Give one image at a time.`,
      field: 'url',
    });
  }
  if (uploads.length > 1) {
    throw new Problem({
      status: 400,
      code: 'ERR_TWO_FILES',
      detail: 'The request has more than one file. Give one image at a time.',
      field: 'file',
    });
  }
  const [url] = given;
  const [upload] = uploads;
  if (url !== undefined && upload) {
    throw new Problem({
      status: 400,
      code: 'ERR_URL_AND_FILE',
      detail: 'The request has a url and a file. Give one of them.',
      field: 'url',
    });
  }
  if (upload) return upload;
  return url === undefined ? { kind: 'sample' } : { kind: 'url', url };
}

export function unknownField(name: string, known: string): Problem {
  const shown = /^[\w.-]{1,40}$/.test(name) ? ` "${name}"` : '';
  return new Problem({
    status: 400,
    code: 'ERR_UNKNOWN_FIELD',
    detail: `The request has a field${shown} that is not known; ${known}. Raw image bytes go with "Content-Type: application/octet-stream".`,
    ...(shown === '' ? {} : { field: name }),
  });
}
