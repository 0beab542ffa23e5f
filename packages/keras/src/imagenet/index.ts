export { IMAGENET_LABELS } from './labels.js';
export { type Ranked, topK } from './top-k.js';
export { VGG_MEANS_BGR } from './vgg-preprocessing.js';
