import type { Engine } from '../engine.js';
import type { FoundPackage } from '../find-package.js';
import { loadQuietly } from '../quiet.js';
import { startBackend } from './backend.js';
import { withoutEmscriptenListeners } from './process-listeners.js';
import type { TensorFlow } from './tensorflow.js';
import { tfjsEngine } from './tfjs-engine.js';

const BACKEND = 'wasm';

/** Copying 32 MiB into WebAssembly's memory, and growing it, blocks the event loop for about 40 ms. */
const PART_BYTES = 32 * 1024 * 1024;

/**
 * Loads TensorFlow.js's WebAssembly backend. It is slower than the native engines, but runs on every platform of Node.
 */
export async function loadWasm(found: FoundPackage): Promise<Engine> {
  const tf = loadQuietly(() => {
    found.require('.');
    // Resolve it from the backend's package: it must be the copy in which the backend registered itself.
    return found.require('@tensorflow/tfjs-core') as TensorFlow;
  });
  await withoutEmscriptenListeners(() => startBackend(tf, BACKEND));
  return tfjsEngine('wasm', tf, BACKEND, PART_BYTES);
}
