import { PipelineStartError } from '@dual/broker';

import type { Settings } from './cli.js';
import { errorCode } from './error-code.js';
import { WeightsError } from './weights/weights-error.js';

/** One line that says why the service could not start, for whoever typed the command. */
export function startFailure(error: unknown, { weightsFrom }: Settings): string {
  const reason = error instanceof PipelineStartError && error.cause instanceof Error ? error.cause : error;
  if (!(reason instanceof Error)) return `The service could not start: ${String(reason)}`;
  if (errorCode(reason) === 'ERR_KERAS_KERNEL_ORIENTATION') return whichKernels(reason);
  if (reason instanceof WeightsError && weightsFrom) return oneLine(`${weightsFrom}: ${reason.message}`);
  return oneLine(reason.message);
}

/** What @dual/keras says of its option, said of the flag. */
function whichKernels(error: Error): string {
  const file = 'file' in error && typeof error.file === 'string' ? error.file : 'This Keras 1 file';
  return (
    `${file} does not say how its convolution kernels are meant, and the wrong way gives wrong labels. ` +
    'Add --kernels convolution if it was saved on Theano, --kernels correlation if on TensorFlow or already rotated.'
  );
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}
