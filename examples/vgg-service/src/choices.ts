import { engines as installed, type LoadOptions } from '@dual/keras';
import { PREPROCESSINGS } from '@dual/keras/imagenet';

type EngineChoice = NonNullable<LoadOptions['engine']>;
type KernelChoice = NonNullable<LoadOptions['kernels']>;

/** Values of `--engine`, in the order in which `auto` tries them. */
export const engines: readonly EngineChoice[] = ['auto', ...installed().map(({ name }) => name)];

/** Values of `--kernels`. */
export const kernels: readonly KernelChoice[] = ['convolution', 'correlation'];

/** Values of `--preprocess`. */
export const preprocessings = PREPROCESSINGS;

/**
 * Finds the choice that a text names.
 *
 * @returns Undefined if no choice has that name.
 */
export function choose<T extends string>(choices: readonly T[], text: string): T | undefined {
  return choices.find((choice) => choice === text);
}
