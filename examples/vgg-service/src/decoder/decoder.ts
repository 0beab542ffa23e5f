import { performance } from 'node:perf_hooks';

import { decodeImage, isLarge, type Size } from './decode.js';

/** A decoded image. */
export interface Decoded {
  /** RGB data: rows, columns, three bytes per pixel. */
  pixels: Uint8Array;
  /** How long it took, in ms. */
  ms: number;
}

/**
 * Decodes the images of strangers, in a process of its own: the decoders are native code, and a file of 1 KB can make them
 * use a gigabyte, run for minutes, or crash.
 */
export default class Decoder {
  readonly #maxPixels: number;

  /** @param maxPixels Largest number of pixels of an image. */
  constructor(maxPixels: number) {
    this.#maxPixels = maxPixels;
  }

  /**
   * Decodes an image, unless it is large: then the caller must give it to `decodeLarge`, in another process.
   *
   * @param file Bytes of a JPEG, PNG, WebP, GIF, AVIF or TIFF file.
   * @param size Width and height of the result, in pixels.
   * @throws {ImageError} When the image cannot be decoded, or is too large.
   */
  async decode(file: Uint8Array, size: Size): Promise<Decoded | 'large'> {
    const began = performance.now();
    if (await isLarge(file, this.#maxPixels)) return 'large';
    return { pixels: await decodeImage(file, size), ms: performance.now() - began };
  }

  /** Decodes an image that `decode` has found to be large. */
  async decodeLarge(file: Uint8Array, size: Size): Promise<Decoded> {
    const began = performance.now();
    return { pixels: await decodeImage(file, size), ms: performance.now() - began };
  }
}
