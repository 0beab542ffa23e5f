/** VGG-16 as Keras publishes it, trained on ImageNet. The URL and the MD5 are from `keras/applications/vgg16.py`. */
export const official = {
  url: new URL(
    'https://storage.googleapis.com/tensorflow/keras-applications/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels.h5',
  ),
  md5: '64373286793e3c8b2b4e3219cbf3544b',
  name: 'VGG-16, ImageNet',
};
