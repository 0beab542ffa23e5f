import { ImageError } from './image-error.js';

/** The formats this service takes, and the media type of each. */
export const mediaTypes = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  avif: 'image/avif',
  tiff: 'image/tiff',
} as const;

export type ImageFormat = keyof typeof mediaTypes;

/** For people, in the order of `mediaTypes`. */
export const FORMAT_NAMES = 'JPEG, PNG, WebP, GIF, AVIF or TIFF';

/** What each format's first bytes are, as Latin-1 text, by the offset they stand at. */
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

/** The format that the first bytes tell, whatever a header or a file name may claim. */
export function detectFormat(bytes: Uint8Array): ImageFormat | undefined {
  const head = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
  return signatures.find(([, ...parts]) => parts.every(([at, text]) => head.startsWith(text, at)))?.[0];
}

/**
 * Refuses what is no image before it takes a place in the model's queue.
 *
 * @param origin What to call the bytes in the message: `The file`, `The answer of example.com`.
 * @throws {ImageError} `ERR_IMAGE_EMPTY` or `ERR_IMAGE_UNSUPPORTED`.
 */
export function requireImage(bytes: Uint8Array, origin: string): ImageFormat {
  if (bytes.length === 0) throw new ImageError('ERR_IMAGE_EMPTY', `${origin} is empty: it holds no image.`);
  const format = detectFormat(bytes);
  if (format) return format;
  const svg = /<svg[\s>]/i.test(Buffer.from(bytes.subarray(0, 1024)).toString('latin1'));
  throw new ImageError(
    'ERR_IMAGE_UNSUPPORTED',
    `${origin} is ${svg ? 'an SVG drawing, which is not taken' : 'not an image of a known format'}. Send ${FORMAT_NAMES}.`,
  );
}
