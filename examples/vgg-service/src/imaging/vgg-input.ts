import { VGG_MEANS_BGR } from '@dual/keras/imagenet';

const [MEAN_BLUE, MEAN_GREEN, MEAN_RED] = VGG_MEANS_BGR;

/**
 * Converts RGB to the input that VGG was trained on: blue, green, red, each minus its mean over ImageNet, not scaled.
 * Source: `keras.applications.imagenet_utils.preprocess_input`, mode `caffe`.
 *
 * @param rgb Rows, columns, three bytes per pixel.
 * @returns Rows, columns, three values per pixel.
 */
export function toVggInput(rgb: Uint8Array): Float32Array {
  const input = new Float32Array(rgb.length);
  for (let pixel = 0; pixel < rgb.length; pixel += 3) {
    input[pixel] = byteAt(rgb, pixel + 2) - MEAN_BLUE;
    input[pixel + 1] = byteAt(rgb, pixel + 1) - MEAN_GREEN;
    input[pixel + 2] = byteAt(rgb, pixel) - MEAN_RED;
  }
  return input;
}

function byteAt(bytes: Uint8Array, index: number): number {
  const byte = bytes[index];
  if (byte === undefined) throw new RangeError(`RGB data of ${bytes.length} bytes ends inside a pixel`);
  return byte;
}
