import { ImageError } from './image-error.js';

/** Supported formats and their media types. */
export const mediaTypes = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  avif: 'image/avif',
  tiff: 'image/tiff',
} as const;

export type ImageFormat = keyof typeof mediaTypes;

/** The supported formats for people, in the order of `mediaTypes`. */
export const FORMAT_NAMES = 'JPEG, PNG, WebP, GIF, AVIF or TIFF';

/** The first bytes of each format, as Latin-1 text with its offset. */
const signatures: readonly (readonly [ImageFormat, ...(readonly [offset: number, text: string])[]])[] = [
  ['jpeg', [0, '\xff\xd8\xff']],
  ['png', [0, '\x89PNG\r\n\x1a\n']],
  ['webp', [0, 'RIFF'], [8, 'WEBP']],
  ['gif', [0, 'GIF87a']],
  ['gif', [0, 'GIF89a']],
  ['avif', [4, 'ftypavif']],
  ['avif', [4, 'ftypavis']],
  ['tiff', [0, 'II*\0']],
  ['tiff', [0, 'MM\0*']],
];

/** Kinds of files that people send, and that are not supported, so that the error can name them. */
const refused: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['an SVG drawing', /<svg[\s>/]/i],
  ['a HEIC photo', /^.{4}ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)/s],
  ['a JPEG XL image', /^(?:\xff\x0a|\0\0\0\x0cJXL )/],
  ['a JPEG 2000 image', /^(?:\xff\x4f\xff\x51|\0\0\0\x0cjP)/],
  ['a BigTIFF', /^(?:II\+\0|MM\0\+)/],
  ['a BMP image', /^BM.{12}/s],
  ['an icon', /^\0\0\x01\0/],
  ['a Photoshop file', /^8BPS/],
  ['a PDF', /^%PDF-/],
  ['a video', /^(?:.{4}ftyp|\x1a\x45\xdf\xa3)/s],
  ['a web page', /^\s*<(?:!doctype html|html)/i],
];

/** Detects the format from the first bytes, because headers and file names may be wrong. */
export function detectFormat(bytes: Uint8Array): ImageFormat | undefined {
  const head = Buffer.from(bytes.subarray(0, 64)).toString('latin1');
  // A neutral brand: the compatible brands, after it, tell AVIF from HEIC.
  if (/^.{4}ftyp(?:mif1|msf1|miaf).*avi[fs]/s.test(head)) return 'avif';
  return signatures.find(([, ...parts]) => parts.every(([at, text]) => head.startsWith(text, at)))?.[0];
}

/**
 * Refuses bytes that are not an image before they take a place in the model's queue.
 *
 * @param origin Name of the bytes in the error text: `The file`, `The answer from example.com`.
 * @throws {ImageError} When there are no bytes (`ERR_IMAGE_EMPTY`), or their format is not supported
 *   (`ERR_IMAGE_UNSUPPORTED`).
 */
export function requireImage(bytes: Uint8Array, origin: string): ImageFormat {
  if (bytes.length === 0) throw new ImageError('ERR_IMAGE_EMPTY', `${origin} is empty. Send an image.`);
  const format = detectFormat(bytes);
  if (format) return format;
  const head = Buffer.from(bytes.subarray(0, 1024)).toString('latin1');
  const known = refused.find(([, pattern]) => pattern.test(head))?.[0];
  throw new ImageError(
    'ERR_IMAGE_UNSUPPORTED',
    `${origin} is ${known === undefined ? 'not an image in a supported format' : `${known}, which is not supported`}. Send ${FORMAT_NAMES}.`,
  );
}
