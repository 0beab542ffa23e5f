import { ENGINE_NAMES, type EngineName } from './engines/engine.js';
import { OptionError } from './errors.js';
import type { KernelConvention } from './reading/stored-model.js';

/** How far loading has come. */
export interface LoadProgress {
  /** `reading` weights from the file, then `building` the engine's own form of the model. */
  phase: 'reading' | 'building';
  /** Bytes of weights read so far. */
  loaded: number;
  /** Bytes of weights in the file. */
  total: number;
}

export interface LoadOptions {
  /** The network that the file was made for; a whole-model file must agree with it. */
  architecture: 'vgg16';
  /** Which engine runs the model. Default `auto`: the fastest one that is installed and loads. */
  engine?: EngineName | 'auto' | undefined;
  /**
   * What the convolution kernels in the file are meant for: `convolution` where Theano saved them (rotated by 180
   * degrees), `correlation` otherwise. Default: what the file says; a Keras 1 file with numbered layers (`nb_layers`)
   * does not say it, and is refused without this option unless it is the published VGG-16, which is recognised.
   */
  kernels?: KernelConvention | undefined;
  /** Threads for one prediction, onnxruntime only. Default: the engine's own choice, one per physical core. */
  threads?: number | undefined;
  /** Called after each few megabytes. */
  onProgress?: ((progress: LoadProgress) => void) | undefined;
  /** Stops the loading; `loadModel` then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** A record, so that the compiler sees to it that none is forgotten. */
const KNOWN: Record<keyof LoadOptions, true> = {
  architecture: true,
  engine: true,
  kernels: true,
  threads: true,
  onProgress: true,
  signal: true,
};

/** Callers in plain JavaScript, and values from a command line, are not held by the types. */
export function checkOptions(options: LoadOptions): void {
  const { architecture, engine, kernels, threads }: Record<string, unknown> = { ...options };
  for (const option of Object.keys({ ...options })) {
    if (Object.hasOwn(KNOWN, option)) continue;
    throw new OptionError(
      option,
      `There is no option ${JSON.stringify(option)}; there are ${Object.keys(KNOWN).join(', ')}`,
    );
  }
  oneOf('architecture', architecture, ['vgg16']);
  if (engine !== undefined) oneOf('engine', engine, ['auto', ...ENGINE_NAMES]);
  if (kernels !== undefined) oneOf('kernels', kernels, ['convolution', 'correlation']);
  if (
    threads !== undefined &&
    !(typeof threads === 'number' && Number.isSafeInteger(threads) && threads >= 1)
  ) {
    throw new OptionError('threads', `threads must be a positive integer, not ${describe(threads)}`);
  }
}

function oneOf(option: string, value: unknown, allowed: readonly string[]): void {
  if (typeof value === 'string' && allowed.includes(value)) return;
  throw new OptionError(
    option,
    `${option} must be ${allowed.map((name) => `'${name}'`).join(' or ')}, not ${describe(value)}`,
  );
}

function describe(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number'
    ? JSON.stringify(value)
    : `a value of type ${typeof value}`;
}
