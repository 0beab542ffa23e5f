import { PipelineStartError } from '@dual/broker';

import type { Settings } from './cli.js';
import { errorCode } from './error-code.js';
import { WeightsError } from './weights/weights-error.js';

/** Tells the person at the terminal in one line why the service did not start. */
export function startFailure(error: unknown, { weightsFrom }: Settings): string {
  const reason = error instanceof PipelineStartError && error.cause instanceof Error ? error.cause : error;
  if (!(reason instanceof Error)) return `The service could not start: ${String(reason)}`;
  if (errorCode(reason) === 'ERR_KERAS_KERNEL_ORIENTATION') return whichKernels(reason);
  if (reason instanceof WeightsError && weightsFrom) return oneLine(`${weightsFrom}: ${reason.message}`);
  return oneLine(reason.message);
}

/** Rewords the error of @dual/keras: it names an option of the library, but the user needs the flag. */
function whichKernels(error: Error): string {
  const file = 'file' in error && typeof error.file === 'string' ? error.file : 'This Keras 1 file';
  return (
    `${file} does not state the orientation of its convolution kernels, and the wrong one gives wrong labels. ` +
    'Add --kernels convolution if the file was saved on Theano. ' +
    'Add --kernels correlation if it was saved on TensorFlow, or if its kernels are already rotated.'
  );
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}
