export { IMAGENET_LABELS } from './labels.js';
export { topK, type Ranked } from './top-k.js';
export { VGG_MEANS_BGR } from './vgg-preprocessing.js';
