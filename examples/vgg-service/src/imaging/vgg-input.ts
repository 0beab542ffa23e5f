import { VGG_MEANS_BGR } from '@dual/keras/imagenet';

const [MEAN_BLUE, MEAN_GREEN, MEAN_RED] = VGG_MEANS_BGR;

/**
 * What VGG was trained on (`keras.applications.imagenet_utils.preprocess_input`, mode `caffe`): blue, green, red
 * with the mean of ImageNet taken off, not scaled.
 *
 * @param rgb Rows, columns, three bytes a pixel.
 * @returns As many values, in the same places.
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
