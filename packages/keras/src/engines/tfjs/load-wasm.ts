import type { Engine } from '../engine.js';
import type { FoundPackage } from '../find-package.js';
import { loadQuietly } from '../quiet.js';
import { startBackend } from './backend.js';
import { withoutEmscriptenListeners } from './process-listeners.js';
import type { TensorFlow } from './tensorflow.js';
import { tfjsEngine } from './tfjs-engine.js';

const BACKEND = 'wasm';

/** Copying 32 MiB into WebAssembly's memory, which grows for it, takes about 40 ms. */
const PART_BYTES = 32 * 1024 * 1024;

/** TensorFlow.js compiled to WebAssembly: slower than the native engines, and runs wherever Node does. */
export async function loadWasm(found: FoundPackage): Promise<Engine> {
  const tf = loadQuietly(() => {
    found.require('.');
    // The same copy that the backend has registered itself with.
    return found.require('@tensorflow/tfjs-core') as TensorFlow;
  });
  await withoutEmscriptenListeners(() => startBackend(tf, BACKEND));
  return tfjsEngine('wasm', tf, BACKEND, PART_BYTES);
}
