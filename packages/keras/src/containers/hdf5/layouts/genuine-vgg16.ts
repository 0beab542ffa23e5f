import { ModelFileError } from '../../../errors.js';
import type { Dataset } from '../dataset.js';
import type { Hdf5File } from '../hdf5-file.js';
import { toFloat32 } from '../numbers.js';
import type { KernelConvention } from '../stored-model.js';

/** The published VGG-16's first kernel at row 0, column 0, input channel 0, for the first three output channels. */
const BEGINNING = [0.42947057, 0.11727387, 0.03401296];

/**
 * Detects whether the kernels of a file with numbered layers are rotated. The file does not say so, but the numbers of
 * the published VGG-16 are known. They are at the first position of its first kernel, or at the last if the kernel is
 * rotated.
 *
 * @throws {ModelFileError} When the file is not the published VGG-16.
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
    `This Keras 1 file does not say whether its convolution kernels are rotated, and it is not the published VGG-16, ` +
      `which is recognised. Set the option kernels: 'convolution' if Theano saved the file (kernels are rotated by ` +
      `180 degrees), 'correlation' if TensorFlow saved it or its kernels were rotated back. The wrong value gives wrong ` +
      `results. File: ${file.path}`,
    { file: file.path, weight: kernel.path },
  );
}
