import { readFile } from 'node:fs/promises';

import { beforeAll, expect, test } from '@jest/globals';
import sharp from 'sharp';

import Decoder from '../../src/decoder/decoder.js';
import { detectFormat, requireImage } from '../../src/imaging/format.js';

const size = { width: 8, height: 8 };
const decoder = new Decoder(50_000_000);
const photo = new URL('../../model/samples/Bag-1.png', import.meta.url);

/** Decodes as the service does: an ordinary image by one method, a large one by the other. */
async function decodeImage(file: Uint8Array, wanted = size): Promise<Uint8Array> {
  const decoded = await decoder.decode(file, wanted);
  return decoded === 'large' ? (await decoder.decodeLarge(file, wanted)).pixels : decoded.pixels;
}

/** A picture whose left half is red and whose right half is blue. */
let halves: Buffer;

beforeAll(async () => {
  const pixels = Buffer.from(
    Array.from({ length: 64 * 64 }, (_, at) => (at % 64 < 32 ? [220, 30, 30] : [30, 30, 220])).flat(),
  );
  halves = await sharp(pixels, { raw: { width: 64, height: 64, channels: 3 } })
    .png()
    .toBuffer();
});

function pixel(rgb: Uint8Array, x: number, y: number): number[] {
  return [...rgb.subarray((y * size.width + x) * 3, (y * size.width + x) * 3 + 3)];
}

function expectNear(actual: number[], expected: number[], tolerance: number): void {
  for (const [index, value] of expected.entries()) {
    expect(Math.abs((actual[index] ?? NaN) - value)).toBeLessThanOrEqual(tolerance);
  }
}

test('returns exactly the given size, without keeping the aspect ratio', async () => {
  const wide = await sharp(halves).resize(100, 20, { fit: 'fill' }).png().toBuffer();
  expect(await decodeImage(wide, { width: 5, height: 7 })).toHaveLength(5 * 7 * 3);
});

test.each([
  ['jpeg', () => sharp(halves).jpeg({ quality: 95 })],
  ['webp', () => sharp(halves).webp({ quality: 95 })],
  ['gif', () => sharp(halves).gif()],
  ['avif', () => sharp(halves).avif({ quality: 90 })],
  ['tiff', () => sharp(halves).tiff()],
  ['png with a palette', () => sharp(halves).png({ palette: true })],
  ['16-bit png', () => sharp(halves).toColourspace('rgb16').png()],
  ['interlaced png', () => sharp(halves).png({ progressive: true })],
])('decodes %s to the same picture', async (_name, make) => {
  const rgb = await decodeImage(await make().toBuffer(), size);
  expectNear(pixel(rgb, 1, 4), [220, 30, 30], 25);
  expectNear(pixel(rgb, 6, 4), [30, 30, 220], 25);
});

test('converts CMYK to RGB', async () => {
  const cmyk = await sharp(halves).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer();
  expect((await sharp(cmyk).metadata()).space).toBe('cmyk');
  const rgb = await decodeImage(cmyk, size);
  expect(rgb).toHaveLength(8 * 8 * 3);
  const [red = 0, , blue = 0] = pixel(rgb, 1, 4);
  expect(red).toBeGreaterThan(blue + 100);
});

test('converts grey, with and without alpha, to three equal channels', async () => {
  const grey = sharp(halves).greyscale().toColourspace('b-w');
  for (const image of [
    await grey.clone().png().toBuffer(),
    await grey.clone().ensureAlpha(1).png().toBuffer(),
  ]) {
    const [red, green, blue] = pixel(await decodeImage(image, size), 1, 4);
    expect([green, blue]).toEqual([red, red]);
  }
});

test.each([
  [1, 'left'],
  [2, 'right'],
  [3, 'right'],
  [6, 'top'],
  [8, 'bottom'],
])('turns a photo with EXIF orientation %i upright, so that red is at the %s', async (orientation, side) => {
  const turned = await sharp(halves).jpeg({ quality: 95 }).withMetadata({ orientation }).toBuffer();
  const rgb = await decodeImage(turned, size);
  const places: Record<string, [number, number]> = {
    left: [1, 4],
    right: [6, 4],
    top: [4, 1],
    bottom: [4, 6],
  };
  const [x, y] = places[side] ?? [0, 0];
  expectNear(pixel(rgb, x, y), [220, 30, 30], 40);
});

test('makes transparent pixels white', async () => {
  const clear = await sharp({
    create: { width: 9, height: 9, channels: 4, background: { r: 200, g: 0, b: 0, alpha: 0 } },
  })
    .png()
    .toBuffer();
  expect(pixel(await decodeImage(clear, size), 4, 4)).toEqual([255, 255, 255]);
});

test('decodes the first frame of an animation', async () => {
  const frame = (background: string) =>
    sharp({ create: { width: 16, height: 16, channels: 3, background } })
      .png()
      .toBuffer();
  const animation = await sharp([await frame('#ff0000'), await frame('#0000ff')], {
    join: { animated: true },
  })
    .gif()
    .toBuffer();
  expectNear(pixel(await decodeImage(animation, size), 4, 4), [255, 0, 0], 5);
});

test.each(['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff'] as const)('rejects half a %s', async (format) => {
  const whole = await sharp(await readFile(photo))
    .toFormat(format)
    .toBuffer();
  await expect(decodeImage(whole.subarray(0, whole.length / 2), size)).rejects.toMatchObject({
    code: 'ERR_IMAGE_CORRUPT',
  });
});

// A JPEG is decoded as far as possible: many cameras write bytes between its parts that a strict decoder refuses.
test.each(['png', 'webp'] as const)('rejects a %s with garbage in the middle', async (format) => {
  const image = await sharp(await readFile(photo))
    .toFormat(format)
    .toBuffer();
  const middle = Math.floor(image.length / 2);
  for (let at = middle; at < middle + 60; at++) image[at] = 0xff - (image[at] ?? 0);
  await expect(decodeImage(image, size)).rejects.toMatchObject({ code: 'ERR_IMAGE_CORRUPT' });
});

test('rejects a small file with too many pixels by its header, and names the limit', async () => {
  const giant = await sharp({ create: { width: 10_000, height: 10_000, channels: 3, background: '#888' } })
    .png()
    .toBuffer();
  await expect(decodeImage(giant, size)).rejects.toMatchObject({
    code: 'ERR_IMAGE_TOO_MANY_PIXELS',
    message: 'The image has 10000 x 10000 pixels, 100 million; the limit is 50 million. Send a smaller one.',
  });
});

test.each([
  [50_000_000, 1],
  [1, 65_536],
])('rejects %i x %i pixels, because one side is too long', async (width, height) => {
  const long = await sharp({ create: { width, height, channels: 3, background: '#888' } })
    .png()
    .toBuffer();
  await expect(decodeImage(long, size)).rejects.toMatchObject({
    code: 'ERR_IMAGE_TOO_LONG',
    message: `The image has ${width} x ${height} pixels; the limit is 65535 on each side. Send a smaller one.`,
  });
});

test.each([
  [65_535, 1],
  [1, 65_535],
])('accepts %i x %i pixels', async (width, height) => {
  const long = await sharp({ create: { width, height, channels: 3, background: '#888' } })
    .png()
    .toBuffer();
  expect(pixel(await decodeImage(long, size), 4, 4)).toEqual([136, 136, 136]);
});

test('describes a damaged image in its own words, and keeps the error of the decoder as the cause', async () => {
  const whole = await readFile(photo);
  await expect(decodeImage(whole.subarray(0, whole.length / 2), size)).rejects.toMatchObject({
    message: 'The image is damaged or cut short and cannot be decoded. Send an intact one.',
    cause: expect.any(Error),
  });
});

test.each([
  ['SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'],
  ['PDF', '%PDF-1.4 hello'],
  ['text', 'hello, this is text'],
])('rejects %s, both by its first bytes and in the decoder', async (_name, text) => {
  const bytes = Buffer.from(text);
  expect(() => requireImage(bytes, 'The file')).toThrow(
    expect.objectContaining({ code: 'ERR_IMAGE_UNSUPPORTED' }),
  );
  await expect(decodeImage(bytes, size)).rejects.toMatchObject({ code: 'ERR_IMAGE_CORRUPT' });
});

test.each(['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff'] as const)(
  'detects a %s by its first bytes',
  async (format) => {
    expect(detectFormat(await sharp(halves).toFormat(format).toBuffer())).toBe(format);
  },
);
