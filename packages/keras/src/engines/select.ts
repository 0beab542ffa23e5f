import { existsSync } from 'node:fs';
import path from 'node:path';

import type * as Onnxruntime from 'onnxruntime-node';

import { EngineError } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import type { Operation } from '../graph/operations.js';
import { reasonOf } from '../reason.js';
import { findEngine } from './availability.js';
import { type Engine, ENGINE_PACKAGES, type EngineName } from './engine.js';
import type { FoundPackage } from './find-package.js';
import { onnxruntimeEngine } from './onnxruntime/onnxruntime-engine.js';
import { refusalsOf } from './refusals.js';
import { loadTfjsNode } from './tfjs/load-tfjs-node.js';
import { loadWasm } from './tfjs/load-wasm.js';

/**
 * Loads an engine by name. With `auto` it loads the fastest engine that works: TensorFlow on a GPU, ONNX Runtime,
 * TensorFlow on the CPU, WebAssembly.
 *
 * The GPU package comes first only if it really computes on a GPU. On the CPU, ONNX Runtime needs about two thirds of
 * the time of TensorFlow and half of its memory.
 *
 * @param graph What the engine must be able to run. `auto` goes on to the next engine if one cannot.
 * @param layerOf The layers that the operations belong to, for messages.
 * @throws {EngineError} When the engine is not installed or does not load. With `auto`, when no engine loads.
 */
export async function selectEngine(
  engine: EngineName | 'auto',
  graph: ModelGraph,
  layerOf: ReadonlyMap<Operation, string>,
): Promise<Engine> {
  if (engine !== 'auto') {
    refuse(engine, graph, layerOf);
    return load(engine);
  }

  const reasons: string[] = [];
  const attempt = async (
    name: EngineName,
    fits: (engine: Engine) => boolean = () => true,
  ): Promise<Engine | undefined> => {
    try {
      refuse(name, graph, layerOf);
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
    `No engine could be loaded. Install one, for example: npm install onnxruntime-node (${reasons.join('; ')})`,
  );
}

/** @throws {EngineError} When the engine cannot run the graph exactly. */
function refuse(engine: EngineName, graph: ModelGraph, layerOf: ReadonlyMap<Operation, string>): void {
  const refusals = refusalsOf(engine, graph);
  if (refusals.length === 0) return;
  const list = refusals.map(
    ({ operation, reason }) => `${layerOf.get(operation) ?? 'a layer'} (${operation.op}): ${reason}`,
  );
  throw new EngineError(
    'ERR_KERAS_ENGINE_CANNOT_RUN',
    engine,
    `Engine ${engine} cannot run the model exactly: ${[...new Set(list)].join('; ')}. Use the engine onnxruntime`,
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
      `Engine ${name} could not be loaded (${ENGINE_PACKAGES[name]} ${found.version} on Node ${process.version}): ${reason}`,
      { cause },
    );
  }
}

function loadFound(name: EngineName, found: FoundPackage): Engine | Promise<Engine> {
  switch (name) {
    case 'onnxruntime':
      // Otherwise it writes a device id under the home directory and is ready to send usage data. It looks when it loads.
      process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
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

/** A cheap first check: loading TensorFlow to learn that there is no GPU would cost seconds and hundreds of MB. */
function hasNvidiaDriver(): boolean {
  const files =
    process.platform === 'win32'
      ? [path.join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'nvcuda.dll')]
      : ['/dev/nvidiactl', '/dev/dxg'];
  return files.some((file) => existsSync(file));
}
