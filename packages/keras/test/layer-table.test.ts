import { expect, test } from '@jest/globals';

import { LAYERS } from '../src/layers/table.js';

/** Every layer of Keras 3.15, and the old names that stand for no other one. */
const CLASSES: Readonly<Record<'runs' | 'identity' | 'refused', string>> = {
  runs: `Activation AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D
    AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AdditiveAttention Attention AutoContrast Average AveragePooling1D
    AveragePooling2D AveragePooling3D BatchNormalization Bidirectional CategoryEncoding CenterCrop Concatenate
    ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D
    Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Cropping1D Cropping2D Cropping3D CustomScaleLayer Dense
    DepthwiseConv1D DepthwiseConv2D Discretization Dot ELU EinsumDense Embedding Flatten GRU GRUCell
    GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D
    GlobalMaxPooling3D GroupNormalization GroupedQueryAttention HashedCrossing Highway IntegerLookup LSTM LSTMCell
    LayerNormalization LayerScale LeakyReLU LocallyConnected1D LocallyConnected2D Masking MaxPooling1D MaxPooling2D
    MaxPooling3D Maximum MaxoutDense MelSpectrogram Merge Minimum MultiHeadAttention Multiply Normalization PReLU
    ParametricSoftplus Permute Pipeline RMSNormalization RNN ReLU RepeatVector Rescaling Reshape Resizing
    ReversibleEmbedding SReLU STFTSpectrogram SeparableConv1D SeparableConv2D SimpleRNN SimpleRNNCell Softmax
    SpectralNormalization StackedRNNCells StringLookup Subtract ThresholdedReLU TimeDistributed UnitNormalization
    UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D`,
  identity: `ActivityRegularization AlphaDropout AugMix CutMix Dropout Equalization GaussianDropout GaussianNoise Identity
    InputLayer MaxNumBoundingBoxes MixUp RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter
    RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale
    RandomHeight RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation
    RandomSharpness RandomShear RandomTranslation RandomWidth RandomZoom Solarization SpatialDropout1D
    SpatialDropout2D SpatialDropout3D`,
  refused: `FlaxLayer Hashing JaxLayer Lambda TFSMLayer TernaryDense TextVectorization TorchModuleWrapper`,
};

test.each(Object.entries(CLASSES))('layers that Keras has: %s', (kind, names) => {
  const found = names.split(/\s+/u).map((name) => [name, LAYERS[name]?.kind]);
  expect(found).toEqual(names.split(/\s+/u).map((name) => [name, kind]));
});
