import type { Model as LoadedModel } from './model.js';

export { loadModel } from './load-model.js';
export type { Tensor, TensorInfo } from './model.js';
export type { LoadOptions, LoadProgress } from './options.js';

// An alias, because the bundled declarations would otherwise export the class itself, constructor included.
/** A loaded model, as `loadModel` returns it. */
export type Model = LoadedModel;
export { engines, type EngineStatus } from './engines/availability.js';
export type { EngineName } from './engines/engine.js';
export {
  DisposedError,
  EngineError,
  InputError,
  KerasError,
  type KerasErrorCode,
  ModelFileError,
  OptionError,
} from './errors.js';
