export { type ImageClassifier, imageClassifier, type ImageClassifierOptions } from './image-classifier.js';
export { IMAGENET_LABELS } from './labels.js';
export { preprocess, type Preprocessing, PREPROCESSINGS } from './preprocess.js';
export { type Ranked, topK } from './top-k.js';
export { VGG_MEANS_BGR } from './vgg-preprocessing.js';
