import sharp from 'sharp';

import { ImageError } from './image-error.js';

/** Largest number of pixels. A larger image would block the model's process for seconds. */
const PIXEL_LIMIT = 50_000_000;

/** Longest side in pixels, which is the limit of JPEG. The resizer fails on longer sides, which other formats allow. */
const SIDE_LIMIT = 65_535;

/** Time limit for decoding one image, in seconds. */
const DECODE_SECONDS = 10;

// Allow only the decoders named here: others, such as SVG and PDF, can read files and run for a long time.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Nsgif', 'Webp', 'Heif', 'Tiff'].map((name) => `VipsForeignLoad${name}Buffer`),
});
// Every image is new, so a cache would only cost memory.
sharp.cache(false);

/**
 * Decodes one image, turns it upright, and resizes it to exactly the given size.
 *
 * As in Keras's `load_img(target_size)`, the aspect ratio is not kept. The filter is bicubic. Transparent pixels become
 * white, because product photos are cut out for a white page. An animation gives its first frame.
 *
 * @param bytes The image file.
 * @param size Width and height of the result, in pixels.
 * @returns RGB data of `height * width * 3` bytes: rows, columns, three bytes per pixel.
 * @throws {ImageError} When the image is damaged, or has too many pixels or too long a side.
 */
export async function decodeImage(
  bytes: Uint8Array,
  { width, height }: { width: number; height: number },
): Promise<Uint8Array> {
  await refuseGiant(bytes);
  try {
    const { data } = await sharp(bytes, { limitInputPixels: PIXEL_LIMIT, failOn: 'warning' })
      .autoOrient()
      .flatten({ background: '#fff' })
      // Shrinking a JPEG while it loads is faster, but its values differ from plain bicubic by up to 11 of 255.
      .resize(width, height, { fit: 'fill', kernel: 'cubic', fastShrinkOnLoad: false })
      .toColourspace('srgb')
      .timeout({ seconds: DECODE_SECONDS })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return data;
  } catch (error) {
    throw new ImageError(
      'ERR_IMAGE_CORRUPT',
      'The image is damaged or cut short and cannot be decoded. Send an intact one.',
      { cause: error },
    );
  }
}

/** Reads only the header, so that a small file with a huge image is refused before it costs time and memory. */
async function refuseGiant(bytes: Uint8Array): Promise<void> {
  let header;
  try {
    header = await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (error) {
    throw new ImageError('ERR_IMAGE_CORRUPT', 'The header of the image is damaged. Send an intact one.', {
      cause: error,
    });
  }
  const { width, height } = header;
  if (Math.max(width, height) > SIDE_LIMIT) {
    throw new ImageError(
      'ERR_IMAGE_TOO_LONG',
      `The image has ${width} x ${height} pixels; the limit is ${SIDE_LIMIT} on each side. Send a smaller one.`,
    );
  }
  if (width * height > PIXEL_LIMIT) {
    throw new ImageError(
      'ERR_IMAGE_TOO_MANY_PIXELS',
      `The image has ${width} x ${height} pixels, ${millions(width * height)} million; the limit is ${millions(PIXEL_LIMIT)} million. Send a smaller one.`,
    );
  }
}

function millions(pixels: number): string {
  return (pixels / 1e6).toFixed(pixels % 1e6 === 0 ? 0 : 1);
}
