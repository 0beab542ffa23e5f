export { loadModel } from './load-model.js';
export type { LoadOptions, LoadProgress } from './options.js';
export type { Model, Tensor, TensorInfo } from './model.js';
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
