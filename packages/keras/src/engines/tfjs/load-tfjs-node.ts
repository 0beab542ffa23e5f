import util from 'node:util';

import type { Engine } from '../engine.js';
import type { FoundPackage } from '../find-package.js';
import { loadQuietly } from '../quiet.js';
import { startBackend } from './backend.js';
import type { TensorFlow } from './tensorflow.js';
import { tfjsEngine } from './tfjs-engine.js';

/** The name under which both packages register their backend. */
const BACKEND = 'tensorflow';

/** Loads TensorFlow's C library through `@tensorflow/tfjs-node` or `@tensorflow/tfjs-node-gpu`. */
export async function loadTfjsNode(
  name: 'tfjs-node' | 'tfjs-node-gpu',
  found: FoundPackage,
): Promise<Engine & { usesGpu: boolean }> {
  restoreUtilFunctions();
  // The C++ library reads this variable before its first message, which may come much later, so it stays set. Level 1
  // hides greetings and keeps warnings.
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
 * tfjs-node 4.22 calls two functions of `node:util` in every operation, and Node 23 removed both. No newer release
 * exists, so put them back.
 */
function restoreUtilFunctions(): void {
  const legacy: { isNullOrUndefined?: (value: unknown) => boolean; isArray?: (value: unknown) => boolean } =
    util;
  legacy.isNullOrUndefined ??= (value) => value === null || value === undefined;
  legacy.isArray ??= (value) => Array.isArray(value);
}
