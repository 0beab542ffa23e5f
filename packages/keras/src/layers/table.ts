import type { LayerSpec } from '../config/model-spec.js';
import { ACTIVATION_LAYERS } from './activation-layers.js';
import { ATTENTION } from './attention.js';
import { CONVOLUTION } from './convolution.js';
import { DENSE } from './dense.js';
import { identity, type LayerEntry, type Lowering, refused, runs } from './layer.js';
import type { FindEntry } from './lower-model.js';
import { MERGING } from './merging.js';
import { NORMALIZATION } from './normalization.js';
import { OPERATIONS } from './operations.js';
import { TENSORFLOW } from './operations/keras2/tf-layers.js';
import { POOLING } from './pooling.js';
import { CATEGORIES } from './preprocessing/categories.js';
import { IMAGES } from './preprocessing/images.js';
import { SCALING } from './preprocessing/scaling.js';
import { SPECTROGRAMS } from './preprocessing/spectrogram.js';
import { quantizationProblem } from './quantization.js';
import { RESHAPING } from './reshaping.js';
import { BIDIRECTIONAL } from './rnn/bidirectional.js';
import { CONV_LSTM } from './rnn/conv-lstm.js';
import { RECURRENT } from './rnn/recurrent.js';
import { TIME_DISTRIBUTED } from './rnn/time-distributed.js';

/** What this package does with each class of layers of Keras. */
export const LAYERS: Readonly<Record<string, LayerEntry>> = {
  ...ACTIVATION_LAYERS,
  ...ATTENTION,
  ...CONVOLUTION,
  ...DENSE,
  ...MERGING,
  ...NORMALIZATION,
  ...POOLING,
  ...RESHAPING,
  ...RECURRENT,
  ...BIDIRECTIONAL,
  ...TIME_DISTRIBUTED,
  ...CONV_LSTM,
  ...CATEGORIES,
  ...IMAGES,
  ...SCALING,
  ...SPECTROGRAMS,
  ...TENSORFLOW,
  InputLayer: identity,
  Identity: identity,
  ActivityRegularization: identity,
  AlphaDropout: identity,
  Dropout: identity,
  GaussianDropout: identity,
  GaussianNoise: identity,
  SpatialDropout1D: identity,
  SpatialDropout2D: identity,
  SpatialDropout3D: identity,
  AugMix: identity,
  CutMix: identity,
  Equalization: identity,
  MixUp: identity,
  RandAugment: identity,
  RandomBrightness: identity,
  RandomColorDegeneration: identity,
  RandomColorJitter: identity,
  RandomContrast: identity,
  RandomElasticTransform: identity,
  RandomErasing: identity,
  RandomFlip: identity,
  RandomGaussianBlur: identity,
  RandomGrayscale: identity,
  RandomHue: identity,
  RandomInvert: identity,
  RandomPerspective: identity,
  RandomPosterization: identity,
  RandomRotation: identity,
  RandomSaturation: identity,
  RandomSharpness: identity,
  RandomShear: identity,
  RandomTranslation: identity,
  RandomZoom: identity,
  RandomHeight: identity,
  RandomWidth: identity,
  Solarization: identity,
  AutoContrast: refused('it is not supported yet'),
  HashedCrossing: refused('it hashes with FarmHash, which is not supported'),
  Hashing: refused('it hashes with FarmHash, which is not supported'),
  Highway: refused('Keras 2 dropped it'),
  MaxNumBoundingBoxes: refused('bounding boxes are not supported'),
  MaxoutDense: refused('Keras 2 dropped it'),
  MelSpectrogram: refused('it is not supported yet'),
  Merge: refused('Keras 2 dropped it'),
  Pipeline: refused('it is not supported yet'),
  TernaryDense: refused('it is not supported yet'),
  TextVectorization: refused('it splits text, which no engine does as Keras'),
  Lambda: refused('it holds Python code, which is never run'),
  TFSMLayer: refused('it holds a TensorFlow SavedModel, which cannot be run here'),
  TorchModuleWrapper: refused('it holds a PyTorch module, which cannot be run here'),
  JaxLayer: refused('it holds a JAX function, which cannot be run here'),
  FlaxLayer: refused('it holds a Flax module, which cannot be run here'),
};

/**
 * Makes the function that finds what to do with a layer. The user's own layers come first, by the name of a layer or by
 * that of its class.
 */
export function finder(own: Readonly<Record<string, Lowering>>): FindEntry {
  const ownFor = (key: string) => (Object.hasOwn(own, key) ? own[key] : undefined);
  return (layer: LayerSpec): LayerEntry | undefined => {
    const lower = ownFor(layer.name) ?? ownFor(layer.className);
    if (lower !== undefined) return runs(lower, 'pass');
    if (layer.custom) return undefined;
    const quantized = quantizationProblem(layer);
    if (quantized !== undefined) return refused(quantized);
    const table = layer.kind === 'operation' ? OPERATIONS : LAYERS;
    return Object.hasOwn(table, layer.className) ? table[layer.className] : undefined;
  };
}
