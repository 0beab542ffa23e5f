import { Problem } from '../problem.js';

/** Where the image of a request is. */
export type ImageSource =
  | { kind: 'sample' }
  | { kind: 'url'; url: string }
  /** `origin` names the bytes in error texts. `field` is the form field that held them. */
  | { kind: 'upload'; bytes: Uint8Array; origin: string; field?: 'file' };

/** Limit for an image in bytes, from every source. */
export const MAX_IMAGE_BYTES = 32 * 2 ** 20;

/** Limit for a JSON document or a form without a file, in bytes. */
export const MAX_TEXT_BYTES = 64 * 2 ** 10;

/**
 * Chooses the one image of a request. If there is none, it is the sample photo.
 *
 * @throws {Problem} When the request has more than one image (400).
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
      detail: `The request has ${urls.length} values for url. Send one image at a time.`,
      field: 'url',
    });
  }
  if (uploads.length > 1) {
    throw new Problem({
      status: 400,
      code: 'ERR_TWO_FILES',
      detail: 'The request has more than one file. Send one image at a time.',
      field: 'file',
    });
  }
  const [url] = given;
  const [upload] = uploads;
  if (url !== undefined && upload) {
    throw new Problem({
      status: 400,
      code: 'ERR_URL_AND_FILE',
      detail: 'The request has both a url and a file. Send only one of them.',
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
    detail: `The request has an unknown field${shown}: ${known}. To send raw image bytes, use "Content-Type: application/octet-stream".`,
    ...(shown === '' ? {} : { field: name }),
  });
}
