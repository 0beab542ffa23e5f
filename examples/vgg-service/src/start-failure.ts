import { PipelineStartError } from '@dual/broker';
import { DownloadError } from '@dual/keras';

import { errorCode } from './error-code.js';
import { ModelSourceError } from './model/choose-model.js';
import type { Settings } from './settings/command-line.js';

/** Tells the person at the terminal in one line why the service did not start. */
export function startFailure(error: unknown, { source }: Settings): string {
  const reason = error instanceof PipelineStartError && error.cause instanceof Error ? error.cause : error;
  if (!(reason instanceof Error)) return `The service could not start: ${String(reason)}`;
  if (errorCode(reason) === 'ERR_KERAS_KERNEL_ORIENTATION') return whichKernels(reason);
  if (errorCode(reason) === 'ERR_KERAS_ONLY_WEIGHTS') return onlyWeights(reason);
  if (source && isAboutFile(reason)) return oneLine(`${source.from}: ${reason.message}`);
  return oneLine(reason.message);
}

/** Whether the user should look at the flag or variable that names the file. */
function isAboutFile(error: Error): boolean {
  return (
    error instanceof ModelSourceError ||
    error instanceof DownloadError ||
    errorCode(error) === 'ERR_KERAS_FILE_NOT_FOUND'
  );
}

/** Rewords the error of @dual/keras: it names options of the library that the service does not have. */
function onlyWeights(error: Error): string {
  return `${fileOf(error)} holds only weights. Save the whole model in Keras with model.save('model.keras'), and serve that file. A VGG-16 can be served without its configuration: --weights FILE`;
}

function fileOf(error: Error): string {
  return 'file' in error && typeof error.file === 'string' ? error.file : 'The file';
}

/** Rewords the error of @dual/keras: it names an option of the library, but the user needs the flag. */
function whichKernels(error: Error): string {
  return (
    `${fileOf(error)} does not state the orientation of its convolution kernels, and the wrong one gives wrong labels. ` +
    'Add --kernels convolution if the file was saved on Theano. ' +
    'Add --kernels correlation if it was saved on TensorFlow, or if its kernels are already rotated.'
  );
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}
