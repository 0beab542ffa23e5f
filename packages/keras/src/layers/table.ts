import type { LayerSpec } from '../config/model-spec.js';
import { ACTIVATION_LAYERS } from './activation-layers.js';
import { ATTENTION } from './attention.js';
import { CONVOLUTION } from './convolution.js';
import { DENSE } from './dense.js';
import { identity, identityOfImages, type LayerEntry, type Lowering, refused, runs } from './layer.js';
import type { FindEntry } from './lower-model.js';
import { MERGING } from './merging.js';
import { NORMALIZATION } from './normalization.js';
import { OPERATIONS } from './operations.js';
import { TENSORFLOW } from './operations/keras2/tf-layers.js';
import { POOLING } from './pooling.js';
import { CATEGORIES } from './preprocessing/categories.js';
import { EQUALIZATION } from './preprocessing/equalization.js';
import { HASHED_CROSSING } from './preprocessing/hashed-crossing.js';
import { IMAGES } from './preprocessing/images.js';
import { PIPELINE } from './preprocessing/pipeline.js';
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
  ...EQUALIZATION,
  ...HASHED_CROSSING,
  ...IMAGES,
  ...PIPELINE,
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
  AugMix: identityOfImages,
  CutMix: identityOfImages,
  Equalization: identityOfImages,
  MaxNumBoundingBoxes: identityOfImages,
  MixUp: identityOfImages,
  RandAugment: identityOfImages,
  RandomBrightness: identityOfImages,
  RandomColorDegeneration: identityOfImages,
  RandomColorJitter: identityOfImages,
  RandomContrast: identityOfImages,
  RandomCrop: identityOfImages,
  RandomElasticTransform: identityOfImages,
  RandomErasing: identityOfImages,
  RandomFlip: identityOfImages,
  RandomGaussianBlur: identityOfImages,
  RandomGrayscale: identityOfImages,
  RandomHue: identityOfImages,
  RandomInvert: identityOfImages,
  RandomPerspective: identityOfImages,
  RandomPosterization: identityOfImages,
  RandomRotation: identityOfImages,
  RandomSaturation: identityOfImages,
  RandomSharpness: identityOfImages,
  RandomShear: identityOfImages,
  RandomTranslation: identityOfImages,
  RandomZoom: identityOfImages,
  RandomHeight: identityOfImages,
  RandomWidth: identityOfImages,
  Solarization: identityOfImages,
  Hashing: refused(
    'it hashes text with FarmHash, which no engine has. Compute the hashes before, and give them to the model',
  ),
  TernaryDense: refused('Keras 3.15 does not have it'),
  TextVectorization: refused(
    'no engine changes and splits text. Divide the text into words before, and give the words to a StringLookup',
  ),
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
