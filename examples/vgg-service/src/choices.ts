import { engines as installed, type LoadOptions } from '@dual/keras';

type EngineChoice = NonNullable<LoadOptions['engine']>;
type KernelChoice = NonNullable<LoadOptions['kernels']>;

/** What `--engine` takes, in the order in which `auto` tries them. */
export const engines: readonly EngineChoice[] = ['auto', ...installed().map(({ name }) => name)];

/** What `--kernels` takes. */
export const kernels: readonly KernelChoice[] = ['convolution', 'correlation'];

/**
 * The choice that a text names.
 *
 * @returns Undefined where there is none of that name.
 */
export function choose<T extends string>(choices: readonly T[], text: string): T | undefined {
  return choices.find((choice) => choice === text);
}
