import util from 'node:util';

import type { Engine } from '../engine.js';
import type { FoundPackage } from '../find-package.js';
import { loadQuietly } from '../quiet.js';
import { startBackend } from './backend.js';
import type { TensorFlow } from './tensorflow.js';
import { tfjsEngine } from './tfjs-engine.js';

/** What `@tensorflow/tfjs-node` and `-gpu` register themselves as. */
const BACKEND = 'tensorflow';

/** TensorFlow's C library through `@tensorflow/tfjs-node` or `@tensorflow/tfjs-node-gpu`. */
export async function loadTfjsNode(
  name: 'tfjs-node' | 'tfjs-node-gpu',
  found: FoundPackage,
): Promise<Engine & { usesGpu: boolean }> {
  restoreUtilFunctions();
  // TensorFlow's C++ library reads it when it first has something to say, which may be much later; 1 leaves out its
  // greetings and keeps its warnings.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '1';
  const tf = loadQuietly(() => found.require('.') as TensorFlow);
  await startBackend(tf, BACKEND);
  const backend: object = tf.backend();
  return {
    ...tfjsEngine(name, tf, BACKEND),
    usesGpu: 'isUsingGpuDevice' in backend && backend.isUsingGpuDevice === true,
  };
}

/**
 * tfjs-node 4.22 calls two functions of node:util that Node 23 removed, at every operation. As long as there is no
 * release without these calls, it gets them back; they do what Node's did.
 */
function restoreUtilFunctions(): void {
  const legacy: { isNullOrUndefined?: (value: unknown) => boolean; isArray?: (value: unknown) => boolean } =
    util;
  legacy.isNullOrUndefined ??= (value) => value === null || value === undefined;
  legacy.isArray ??= (value) => Array.isArray(value);
}
