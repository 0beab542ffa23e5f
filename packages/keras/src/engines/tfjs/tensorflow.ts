import type * as Tfjs from '@tensorflow/tfjs-core';

/** The API that all TensorFlow.js packages share. */
export type TensorFlow = typeof Tfjs;
