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
  ['avif', [4, 'ftypmif1']],
  ['tiff', [0, 'II*\0']],
  ['tiff', [0, 'MM\0*']],
];

/** Detects the format from the first bytes, because headers and file names may be wrong. */
export function detectFormat(bytes: Uint8Array): ImageFormat | undefined {
  const head = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
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
  const svg = /<svg[\s>]/i.test(Buffer.from(bytes.subarray(0, 1024)).toString('latin1'));
  throw new ImageError(
    'ERR_IMAGE_UNSUPPORTED',
    `${origin} is ${svg ? 'an SVG drawing, which is not supported' : 'not an image in a supported format'}. Send ${FORMAT_NAMES}.`,
  );
}
