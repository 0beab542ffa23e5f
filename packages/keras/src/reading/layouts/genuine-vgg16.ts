import { ModelFileError } from '../../errors.js';
import type { Dataset } from '../dataset.js';
import type { Hdf5File } from '../hdf5-file.js';
import { toFloat32 } from '../numbers.js';
import type { KernelConvention } from '../stored-model.js';

/** How the first kernel of the published VGG-16 begins, for the first three output channels at row 0, column 0, channel 0. */
const BEGINNING = [0.42947057, 0.11727387, 0.03401296];

/**
 * A file with numbered layers does not say whether its kernels are meant for convolution or for correlation. For the
 * published VGG-16 the first numbers tell: they stand at the kernel's first place, or, when rotated, at its last.
 */
export function recogniseVgg16Kernels(file: Hdf5File, kernel: Dataset): KernelConvention {
  const [outputs = 0, ...rest] = kernel.shape;
  const { type } = kernel;
  if (type !== undefined && outputs >= BEGINNING.length && rest.join() === '3,3,3') {
    using loaded = file.read(kernel, { offset: [0, 0, 0, 0], count: [BEGINNING.length, 3, 3, 3] });
    const numbers = toFloat32(loaded.bytes(), type);
    const area = 9;
    const agreesAt = (position: number) =>
      BEGINNING.every(
        (value, output) => Math.abs((numbers[output * 3 * area + position] ?? NaN) - value) < 1e-6,
      );
    if (agreesAt(0)) return 'correlation';
    if (agreesAt(area - 1)) return 'convolution';
  }
  throw new ModelFileError(
    'ERR_KERAS_KERNEL_ORIENTATION',
    `This Keras 1 file does not say how its convolution kernels are meant, and it is not the published VGG-16, whose ` +
      `kernels are recognised. Set the option kernels: 'convolution' if it was saved on Theano (kernels are rotated by ` +
      `180 degrees), or 'correlation' if on TensorFlow or already rotated; the wrong one gives wrong results. File: ${file.path}`,
    { file: file.path, weight: kernel.path },
  );
}
