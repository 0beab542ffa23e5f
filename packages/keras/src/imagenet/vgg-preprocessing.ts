/**
 * The mean of blue, of green and of red over ImageNet, for pixels from 0 to 255.
 *
 * VGG-16 takes images with channels in this order (BGR), as 32-bit floats, resized to the model's input. Subtract these
 * means from each pixel.
 *
 * Source: the `caffe` mode of `keras.applications.imagenet_utils.preprocess_input`.
 */
export const VGG_MEANS_BGR = [103.939, 116.779, 123.68] as const;
