import type { LayerSpec, ModelSpec } from './config/model-spec.js';
import { ENGINE_NAMES, type EngineName } from './engines/engine.js';
import { type Refusal, refusalsOf } from './engines/refusals.js';
import { ModelFileError } from './errors.js';
import { publicShape, type Value } from './graph/value.js';
import { type Problem, problemsOf } from './layers/check-layers.js';
import type { LoweredModel } from './layers/lower-model.js';
import { finder } from './layers/table.js';
import type { TensorInfo } from './model.js';
import { checkOptions, type LoadOptions, pathOf } from './options.js';
import { describeModel, openModelFile, planDescribed } from './plan.js';

/** Options of `inspectModel`: those of `loadModel` that concern the file. */
export type InspectOptions = Pick<LoadOptions, 'architecture' | 'config' | 'kernels' | 'layers'>;

/** A layer as `inspectModel` reports it. */
export interface LayerReport {
  /** Name of the layer; that of a layer in a nested model is `outer/inner`. */
  name: string;
  className: string;
  /** `identity`: it changes nothing in a prediction. `refused`: no engine runs it. */
  verdict: 'runs' | 'identity' | 'refused';
  /** Why it is refused. */
  reason?: string;
  /** The engines that cannot run it exactly although others do, and why. */
  refusedBy?: Partial<Record<EngineName, string>>;
}

/** What a model file holds, and whether it can be run. */
export interface ModelReport {
  /** The format of the file, for people. */
  format: string;
  /** Version of Keras that wrote the file, if it says so. */
  keras: string | undefined;
  /** Empty if the model cannot be run. */
  inputs: readonly TensorInfo[];
  outputs: readonly TensorInfo[];
  layers: readonly LayerReport[];
  /** The engines that can run the whole model, installed or not. */
  engines: readonly EngineName[];
  /** Everything that keeps the model from running. */
  problems: readonly { code: string; message: string; layer?: string }[];
}

/**
 * Says what a model file holds and whether it can be run, without reading the weights.
 *
 * @param file Path or file URL of a model, as for `loadModel`.
 * @throws {OptionError} When an option has an invalid value.
 * @throws {ModelFileError} When the file cannot be opened, or does not describe a model. What is wrong with the model
 * itself is in `problems`.
 */
export async function inspectModel(file: string | URL, options: InspectOptions = {}): Promise<ModelReport> {
  checkOptions(options);
  const path = pathOf(file);
  await using container = await openModelFile(path, options);
  const described = await describeModel(path, container, options);
  const { spec } = described;
  const find = finder(described.layers);
  const problems = problemsOf(spec, find);
  const report = {
    format: container.format,
    keras: container.keras,
    inputs: [],
    outputs: [],
    layers: layersOf(spec, find, problems),
    engines: [],
  };
  if (problems.length > 0) return { ...report, problems: problems.map(toProblem) };
  try {
    const { lowered } = await planDescribed(path, container, options, described);
    const refusals = ENGINE_NAMES.map((engine) => ({ engine, refused: refusalsOf(engine, lowered) }));
    const byLayer = refusalsByLayer(refusals, lowered.layerOf);
    return {
      ...report,
      inputs: lowered.inputs.map(infoOf),
      outputs: lowered.outputs.map(infoOf),
      layers: report.layers.map((layer) => {
        const refusedBy = byLayer.get(layer.name);
        return refusedBy === undefined ? layer : { ...layer, refusedBy };
      }),
      engines: refusals.filter(({ refused }) => refused.length === 0).map(({ engine }) => engine),
      problems: [],
    };
  } catch (error) {
    if (!(error instanceof ModelFileError)) throw error;
    const { code, message, layer } = error;
    return { ...report, problems: [{ code, message, ...(layer === undefined ? {} : { layer }) }] };
  }
}

/** For each layer that not all engines can run: those that cannot, and why. */
function refusalsByLayer(
  refusals: readonly { engine: EngineName; refused: readonly Refusal[] }[],
  layerOf: LoweredModel['layerOf'],
): Map<string, Partial<Record<EngineName, string>>> {
  const byLayer = new Map<string, Partial<Record<EngineName, string>>>();
  for (const { engine, refused } of refusals) {
    for (const { operation, reason } of refused) {
      const layer = layerOf.get(operation) ?? '';
      byLayer.set(layer, { ...byLayer.get(layer), [engine]: reason });
    }
  }
  return byLayer;
}

function toProblem({ layer, className, reason }: Problem): ModelReport['problems'][number] {
  return { code: 'ERR_KERAS_UNSUPPORTED_LAYER', message: `${layer} (${className}): ${reason}`, layer };
}

function infoOf({ name, value }: { name: string; value: Value }): TensorInfo {
  return { name, shape: publicShape(value.shape), dtype: value.dtype };
}

function layersOf(
  model: ModelSpec,
  find: ReturnType<typeof finder>,
  problems: readonly Problem[],
  path = '',
): LayerReport[] {
  return model.layers
    .filter(({ settings }) => settings['implied'] !== true)
    .flatMap((layer: LayerSpec): LayerReport[] => {
      const name = `${path}${layer.name}`;
      if (layer.model !== undefined) return layersOf(layer.model, find, problems, `${name}/`);
      const problem = problems.find((one) => one.layer === name || one.layer.startsWith(`${name}/`));
      const { className } = layer;
      if (problem !== undefined) return [{ name, className, verdict: 'refused', reason: problem.reason }];
      return [{ name, className, verdict: find(layer)?.kind === 'identity' ? 'identity' : 'runs' }];
    });
}
