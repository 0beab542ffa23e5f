export type { Application, ApplicationName } from './applications/application.js';
import type { Builder as GraphBuilder } from './graph/builder.js';
import type { Model as LoadedModel } from './model.js';

export type { DownloadProgress } from './download/download-file.js';
export { fetchWeights, type FetchWeightsOptions } from './download/fetch-weights.js';
export type { Value } from './graph/value.js';
export { inspectModel, type InspectOptions, type LayerReport, type ModelReport } from './inspect-model.js';
export type { DeclareWeight, LayerCall, Lowered, Lowering } from './layers/layer.js';
export { loadModel } from './load-model.js';
export type { Inputs, LayerInfo, Tensor, TensorData, TensorInfo } from './model.js';
export type { LoadOptions, LoadProgress } from './options.js';
export { toOnnx, type ToOnnxOptions } from './to-onnx.js';

// An alias, because the bundled declarations would otherwise export the class itself, constructor included.
/** A loaded model, as `loadModel` returns it. */
export type Model = LoadedModel;
/** Makes the values of a graph, for your own layers. */
export type Builder = GraphBuilder;
export { engines, type EngineStatus } from './engines/availability.js';
export type { EngineName } from './engines/engine.js';
export {
  DisposedError,
  DownloadError,
  EngineError,
  InputError,
  KerasError,
  type KerasErrorCode,
  ModelFileError,
  OptionError,
} from './errors.js';
