import { existsSync } from 'node:fs';
import path from 'node:path';

import type * as Onnxruntime from 'onnxruntime-node';

import { EngineError } from '../errors.js';
import { reasonOf } from '../reason.js';
import { findEngine } from './availability.js';
import { type Engine, ENGINE_PACKAGES, type EngineName } from './engine.js';
import type { FoundPackage } from './find-package.js';
import { onnxruntimeEngine } from './onnxruntime/onnxruntime-engine.js';
import { loadTfjsNode } from './tfjs/load-tfjs-node.js';
import { loadWasm } from './tfjs/load-wasm.js';

/**
 * Loads the engine of that name, or with `auto` the fastest one that loads: TensorFlow on a GPU, ONNX Runtime,
 * TensorFlow on the CPU, WebAssembly. The GPU package is taken first only if it really computes on a GPU; without one
 * it runs on the CPU, where ONNX Runtime needs about two thirds of its time and half of its memory.
 */
export async function selectEngine(engine: EngineName | 'auto'): Promise<Engine> {
  if (engine !== 'auto') return load(engine);

  const reasons: string[] = [];
  const attempt = async (
    name: EngineName,
    fits: (engine: Engine) => boolean = () => true,
  ): Promise<Engine | undefined> => {
    try {
      const loaded = await load(name);
      if (fits(loaded)) return loaded;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      reasons.push(error.message);
    }
    return undefined;
  };

  const chosen =
    (hasNvidiaDriver() ? await attempt('tfjs-node-gpu', usesGpu) : undefined) ??
    (await attempt('onnxruntime')) ??
    (await attempt('tfjs-node')) ??
    (await attempt('tfjs-node-gpu')) ??
    (await attempt('wasm'));
  if (chosen !== undefined) return chosen;
  throw new EngineError(
    'ERR_KERAS_ENGINE_NOT_AVAILABLE',
    'auto',
    `No engine is installed that can run the model. Install one, for example: npm install onnxruntime-node (${reasons.join('; ')})`,
  );
}

async function load(name: EngineName): Promise<Engine> {
  const found = findEngine(name);
  if ('reason' in found) {
    const { reason, remedy } = found;
    throw new EngineError(
      'ERR_KERAS_ENGINE_NOT_AVAILABLE',
      name,
      `Engine ${name} is not available: ${reason}` + (remedy === undefined ? '' : `; ${remedy}`),
    );
  }
  try {
    return await loadFound(name, found);
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new EngineError(
      'ERR_KERAS_ENGINE_NOT_AVAILABLE',
      name,
      `Engine ${name} does not load (${ENGINE_PACKAGES[name]} ${found.version} on Node ${process.version}): ${reason}`,
      { cause },
    );
  }
}

function loadFound(name: EngineName, found: FoundPackage): Engine | Promise<Engine> {
  switch (name) {
    case 'onnxruntime':
      return onnxruntimeEngine(found.require('.') as typeof Onnxruntime);
    case 'tfjs-node':
    case 'tfjs-node-gpu':
      return loadTfjsNode(name, found);
    case 'wasm':
      return loadWasm(found);
  }
}

function usesGpu(engine: Engine): boolean {
  return 'usesGpu' in engine && engine.usesGpu === true;
}

/** Loading TensorFlow takes seconds and hundreds of MB: not worth it only to learn that there is no GPU. */
function hasNvidiaDriver(): boolean {
  const files =
    process.platform === 'win32'
      ? [path.join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'nvcuda.dll')]
      : ['/dev/nvidiactl', '/dev/dxg'];
  return files.some((file) => existsSync(file));
}
