import { writeFile } from 'node:fs/promises';

import { encodeModel } from './engines/onnxruntime/onnx-message.js';
import { writeOnnx } from './engines/onnxruntime/onnx-model.js';
import { OptionError } from './errors.js';
import { checkOptions, type LoadOptions, pathOf } from './options.js';
import { openModelFile, planModel, readWeights } from './plan.js';

/** Options of `toOnnx`: those of `loadModel` that concern the file. */
export type ToOnnxOptions = Pick<
  LoadOptions,
  'architecture' | 'config' | 'kernels' | 'layers' | 'onProgress' | 'signal'
>;

/** Largest message of Protocol Buffers, in bytes. */
const MOST_BYTES = 2 ** 31 - 1;

/**
 * Writes a model as an ONNX file of operator set 21, which any program with ONNX can run. The batch is of any size;
 * inputs and outputs have the names and shapes that they have in Keras.
 *
 * @param file Path or file URL of a model, as for `loadModel`.
 * @param target Path or file URL of the file to write. It is replaced if it exists.
 * @throws {OptionError} When an option or path has an invalid value, or the model is larger than the 2 GiB that one ONNX
 * file can have.
 * @throws {ModelFileError} When the model cannot be read or run.
 */
export async function toOnnx(
  file: string | URL,
  target: string | URL,
  options: ToOnnxOptions = {},
): Promise<void> {
  checkOptions(options);
  options.signal?.throwIfAborted();
  const source = pathOf(file);
  const path = pathOf(target, 'target');
  await using container = await openModelFile(source, options);
  const { lowered, binding } = await planModel(source, container, options);
  const weights = await readWeights(lowered, binding, options);
  const bytes = [...weights.values()].reduce(
    (sum, data) => sum + (ArrayBuffer.isView(data) ? data.byteLength : 0),
    0,
  );
  if (bytes > MOST_BYTES) {
    throw new OptionError(
      'file',
      `The weights have ${bytes} bytes, but an ONNX file can have ${MOST_BYTES} at most`,
    );
  }
  const { model } = writeOnnx(lowered, weights);
  await writeFile(path, encodeModel(model), options.signal === undefined ? {} : { signal: options.signal });
}
