import { VGG_MEANS_BGR } from './vgg-preprocessing.js';

/**
 * How the networks of `keras.applications` want their pixels, by the names of Keras: `caffe` (VGG, ResNet): blue, green,
 * red, minus ImageNet's means. `tf` (MobileNet, Inception, Xception, NASNet, ResNetV2): from -1 to 1. `torch`
 * (DenseNet): from 0 to 1, minus means, divided by deviations. `none` (EfficientNet, MobileNetV3, ConvNeXt): from 0 to
 * 255, because the network does the rest itself. Besides, `unit`: from 0 to 1, as most people train networks of their own.
 */
export type Preprocessing = 'caffe' | 'tf' | 'torch' | 'none' | 'unit';

/** The names of all ways of preprocessing. */
export const PREPROCESSINGS = [
  'caffe',
  'tf',
  'torch',
  'none',
  'unit',
] as const satisfies readonly Preprocessing[];

const TORCH_MEANS = [0.485, 0.456, 0.406] as const;
const TORCH_DEVIATIONS = [0.229, 0.224, 0.225] as const;

/**
 * Turns pixels into the numbers that a network takes.
 *
 * Source: `preprocess_input` of `keras/src/applications/imagenet_utils.py`.
 *
 * @param pixels Red, green and blue from 0 to 255 of each pixel, row by row. All but `caffe` and `torch` also take one
 * number per pixel.
 * @returns As many 32-bit floats, with the channels last.
 */
export function preprocess(pixels: ArrayLike<number>, how: Preprocessing): Float32Array {
  const result = new Float32Array(pixels.length);
  for (let at = 0; at < pixels.length; at++) {
    const channel = at % 3;
    const value = pixels[at] ?? 0;
    switch (how) {
      case 'caffe':
        result[at - channel + 2 - channel] = value - (VGG_MEANS_BGR[2 - channel] ?? 0);
        break;
      case 'tf':
        result[at] = value / 127.5 - 1;
        break;
      case 'torch':
        result[at] = (value / 255 - (TORCH_MEANS[channel] ?? 0)) / (TORCH_DEVIATIONS[channel] ?? 1);
        break;
      case 'unit':
        result[at] = value / 255;
        break;
      case 'none':
        result[at] = value;
        break;
    }
  }
  return result;
}
