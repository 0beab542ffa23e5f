import sharp from 'sharp';

import { detectFormat, type ImageFormat } from '../imaging/format.js';
import { ImageError } from '../imaging/image-error.js';
import { explainFailure } from './explain-failure.js';
import { asStillImage } from './still-image.js';

/** Size in pixels. */
export interface Size {
  width: number;
  height: number;
}

/** Longest side in pixels, which is the limit of JPEG. The resizer fails on longer sides, which other formats allow. */
const SIDE_LIMIT = 65_535;

/**
 * Memory in bytes from which an image counts as large. Several smaller ones are decoded at once; large ones one at a time, in
 * a process of their own.
 */
const LARGE = 64 * 2 ** 20;

/** Formats whose decoder needs more memory for each pixel than the 4 bytes of the pixel. */
const BYTES_PER_PIXEL: Partial<Record<ImageFormat, number>> = { avif: 16 };

// Allow only the decoders named here: others, such as SVG and PDF, can read files and run for a long time.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Nsgif', 'Webp', 'Heif', 'Tiff'].map((name) => `VipsForeignLoad${name}Buffer`),
});
// Every image is new, so a cache would only cost memory.
sharp.cache(false);
// Images are decoded side by side. More threads for each image would only take each other's time.
sharp.concurrency(1);

/**
 * Reads only the header, so that a small file with a huge image is refused before it costs time and memory.
 *
 * @param file The image file.
 * @param maxPixels Largest number of pixels.
 * @returns Whether decoding takes so much memory that it must not run beside others.
 * @throws {ImageError} When the header is damaged, or the image has too many pixels, too long a side, or samples that are not
 *   supported.
 */
export async function isLarge(file: Uint8Array, maxPixels: number): Promise<boolean> {
  const bytes = asStillImage(file);
  const { width, height, depth } = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw explainFailure(error, 'The header of the image is damaged.');
    });
  if (Math.max(width, height) > SIDE_LIMIT)
    throw new ImageError(
      'ERR_IMAGE_TOO_LONG',
      `The image has ${width} x ${height} pixels; the limit is ${SIDE_LIMIT} on each side. Send a smaller one.`,
    );
  if (width * height > maxPixels)
    throw new ImageError(
      'ERR_IMAGE_TOO_MANY_PIXELS',
      `The image has ${width} x ${height} pixels, ${millions(width * height)} million; the limit is ${millions(maxPixels)} million. Send a smaller one.`,
    );
  // Such samples have no fixed range: the brightest may be 1, or any other number.
  if (!['uchar', 'ushort'].includes(depth))
    throw new ImageError(
      'ERR_IMAGE_UNSUPPORTED',
      `The image has samples of the type ${depth}. Save it with 8 or 16 bits for each channel.`,
    );
  const format = detectFormat(bytes);
  const bytesPerPixel = (format && BYTES_PER_PIXEL[format]) ?? 4;
  return width * height * bytesPerPixel > LARGE;
}

/**
 * Decodes one image, turns it upright, and resizes it to exactly the given size.
 *
 * As in Keras's `load_img(target_size)`, the aspect ratio is not kept. The filter is bicubic. Transparent pixels become
 * white, because product photos are cut out for a white page. An animation gives its first frame.
 *
 * @param file The image file, which `isLarge` has accepted.
 * @param size Width and height of the result, in pixels.
 * @returns RGB data of `height * width * 3` bytes: rows, columns, three bytes per pixel.
 * @throws {ImageError} When the image is damaged, or of a kind that is not supported.
 */
export async function decodeImage(file: Uint8Array, { width, height }: Size): Promise<Uint8Array> {
  try {
    // Many cameras write JPEGs of which libjpeg warns. `error` still refuses files that are cut short.
    const { data } = await sharp(asStillImage(file), { limitInputPixels: false, failOn: 'error' })
      .autoOrient()
      .flatten({ background: '#fff' })
      // The loader shrinks by powers of two, but leaves a factor of two to the resizer: without that, values differ from
      // plain bicubic by up to 11 of 255.
      .resize(width, height, { fit: 'fill', kernel: 'cubic', fastShrinkOnLoad: false })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return data;
  } catch (error) {
    throw explainFailure(error, 'The image is damaged or cut short and cannot be decoded.');
  }
}

function millions(pixels: number): string {
  return (pixels / 1e6).toFixed(pixels % 1e6 === 0 ? 0 : 1);
}
