import sharp from 'sharp';

import { ImageError } from './image-error.js';

/** Images of more pixels than this are refused: decoding one would hold the model up for seconds. */
const PIXEL_LIMIT = 50_000_000;

/** The longest side that JPEG can have. The resizer fails on shapes that only other formats can tell of. */
const SIDE_LIMIT = 65_535;

/** A decoder that works on one image for longer than this is stopped. */
const DECODE_SECONDS = 10;

// Only the decoders named here run. SVG, PDF and the rest stay shut: they can reach for files and time.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Nsgif', 'Webp', 'Heif', 'Tiff'].map((name) => `VipsForeignLoad${name}Buffer`),
});
// Every image is another one: a cache would only hold memory.
sharp.cache(false);

/**
 * Decodes one image, upright, to RGB at exactly the size given: rows, columns, three bytes a pixel.
 *
 * The aspect ratio is not kept, as in Keras's `load_img(target_size)`; the filter is bicubic. Transparency
 * goes on white, which is what product photos are cut out for. An animation gives its first frame.
 *
 * @throws {ImageError}
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
      // Shrinking while a JPEG loads is quicker, but moves values by up to 11 of 255 away from plain bicubic.
      .resize(width, height, { fit: 'fill', kernel: 'cubic', fastShrinkOnLoad: false })
      .toColourspace('srgb')
      .timeout({ seconds: DECODE_SECONDS })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return data;
  } catch (error) {
    throw new ImageError('ERR_IMAGE_CORRUPT', 'The image is damaged or cut short: it could not be decoded.', {
      cause: error,
    });
  }
}

/** Reads the header alone, so that a small file of very many pixels is refused before it costs anything. */
async function refuseGiant(bytes: Uint8Array): Promise<void> {
  let header;
  try {
    header = await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (error) {
    throw new ImageError('ERR_IMAGE_CORRUPT', "The image's header is damaged.", { cause: error });
  }
  const { width, height } = header;
  if (Math.max(width, height) > SIDE_LIMIT) {
    throw new ImageError(
      'ERR_IMAGE_TOO_LONG',
      `The image has ${width} x ${height} pixels; the limit is ${SIDE_LIMIT} on each side.`,
    );
  }
  if (width * height > PIXEL_LIMIT) {
    throw new ImageError(
      'ERR_IMAGE_TOO_MANY_PIXELS',
      `The image has ${width} x ${height} pixels, ${millions(width * height)} million; the limit is ${millions(PIXEL_LIMIT)} million.`,
    );
  }
}

function millions(pixels: number): string {
  return (pixels / 1e6).toFixed(pixels % 1e6 === 0 ? 0 : 1);
}
