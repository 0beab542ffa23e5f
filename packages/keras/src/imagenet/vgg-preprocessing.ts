/**
 * What VGG-16 wants subtracted from its input: the means of blue, green and red over ImageNet, of pixels from 0 to 255.
 * The input is an image with channels in that order (BGR), as float32, resized to the model's size.
 * Source: the `caffe` mode of `keras.applications.imagenet_utils.preprocess_input`.
 */
export const VGG_MEANS_BGR = [103.939, 116.779, 123.68] as const;
