import { VGG_MEANS_BGR } from '@dual/keras/imagenet';

const [blue, green, red] = VGG_MEANS_BGR;

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
    input[pixel] = byteAt(rgb, pixel + 2) - blue;
    input[pixel + 1] = byteAt(rgb, pixel + 1) - green;
    input[pixel + 2] = byteAt(rgb, pixel) - red;
  }
  return input;
}

function byteAt(bytes: Uint8Array, index: number): number {
  const byte = bytes[index];
  if (byte === undefined) throw new RangeError(`RGB data of ${bytes.length} bytes ends inside a pixel`);
  return byte;
}
