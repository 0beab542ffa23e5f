import type { CallSpec, LayerSpec, ModelSpec } from '../config/model-spec.js';
import { ModelFileError } from '../errors.js';
import type { FindEntry } from './lower-model.js';

/** A layer that cannot be run, and why. */
export interface Problem {
  /** Path of the layer in the model. */
  layer: string;
  className: string;
  /** The end of a sentence. */
  reason: string;
}

/** Layers that do the same in training and in prediction. */
const TRAINING_MATTERS = new Set([
  'AlphaDropout',
  'BatchNormalization',
  'Dropout',
  'GaussianDropout',
  'GaussianNoise',
  'SpatialDropout1D',
  'SpatialDropout2D',
  'SpatialDropout3D',
  'SpectralNormalization',
]);

/** Lists all layers of a model that cannot be run, nested ones too. */
export function problemsOf(model: ModelSpec, find: FindEntry): Problem[] {
  return model.layers
    .flatMap((layer) => problemsOfLayer(layer, find, ''))
    .concat(problemsOfCalls(model, find, ''));
}

function problemsOfLayer(layer: LayerSpec, find: FindEntry, path: string): Problem[] {
  const name = `${path}${layer.name}`;
  if (layer.model !== undefined) {
    return [
      ...layer.model.layers.flatMap((inner) => problemsOfLayer(inner, find, `${name}/`)),
      ...problemsOfCalls(layer.model, find, `${name}/`),
    ];
  }
  const inner = Object.values(layer.wrapped)
    .flat()
    .flatMap((one) => problemsOfLayer(one, find, `${name}/`));
  const entry = find(layer);
  if (entry === undefined) {
    const reason =
      layer.kind === 'operation' ? 'the operation is not known' : 'the class is not one of Keras';
    return [{ layer: name, className: layer.className, reason }, ...inner];
  }
  if (entry.kind === 'refused')
    return [{ layer: name, className: layer.className, reason: entry.reason }, ...inner];
  return inner;
}

/** A call with `training: true` makes a Dropout random even when the model predicts. */
function problemsOfCalls(model: ModelSpec, find: FindEntry, path: string): Problem[] {
  return model.calls.flatMap((call): Problem[] => {
    if (!callsInTraining(call) || !training(call.layer)) return [];
    return [
      {
        layer: `${path}${call.layer.name}`,
        className: call.layer.className,
        reason: 'it is called with training=True, so that it acts as in training, also in a prediction',
      },
    ];
  });
}

function callsInTraining({ kwargs }: CallSpec): boolean {
  const training = kwargs['training'];
  return training?.kind === 'value' && (training.value === true || training.value === 1);
}

/** Whether a layer, or one inside it, acts differently in training. */
function training(layer: LayerSpec): boolean {
  if (TRAINING_MATTERS.has(layer.className) || layer.className.startsWith('Random')) return true;
  const rates = ['dropout', 'recurrent_dropout'].some((key) => Number(layer.settings[key] ?? 0) > 0);
  return rates || (layer.model?.layers ?? Object.values(layer.wrapped).flat()).some(training);
}

/**
 * Refuses a model that holds layers which cannot be run, and names all of them.
 *
 * @throws {ModelFileError} When there is one.
 */
export function checkLayers(file: string, model: ModelSpec, find: FindEntry): void {
  const problems = problemsOf(model, find);
  const [first] = problems;
  if (first === undefined) return;
  const list = problems
    .map(({ layer, className, reason }) => `${layer} (${className}): ${reason}`)
    .join('; ');
  throw new ModelFileError(
    'ERR_KERAS_UNSUPPORTED_LAYER',
    `${problems.length === 1 ? 'A layer' : `${problems.length} layers`} of the model cannot be run: ${list}. ` +
      `Code in a model file is never run. Supply such a layer by its class or its name: ` +
      `loadModel(file, { layers: { ${JSON.stringify(first.className)}: ({ config, inputs, weights, build }) => … } }). File: ${file}`,
    { file, layer: first.layer },
  );
}
