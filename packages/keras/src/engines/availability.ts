import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ENGINE_NAMES, ENGINE_PACKAGES, type EngineName } from './engine.js';
import { findPackage, type FoundPackage } from './find-package.js';

/** Whether an engine is there, and if not, why. */
export type EngineStatus =
  | { name: EngineName; package: string; available: true; version: string }
  | { name: EngineName; package: string; available: false; reason: string };

/**
 * Says which engines are installed with all that they need on this platform, without loading any of them.
 * Loading may still fail, for example where a system library is too old; `loadModel` then says why.
 */
export function engines(): EngineStatus[] {
  return ENGINE_NAMES.map((name): EngineStatus => {
    const found = findEngine(name);
    const status = { name, package: ENGINE_PACKAGES[name] };
    return typeof found === 'string'
      ? { ...status, available: false, reason: found }
      : { ...status, available: true, version: found.version };
  });
}

/** The package of an engine, or the reason why it cannot be used. */
export function findEngine(name: EngineName): FoundPackage | string {
  const found = findPackage(ENGINE_PACKAGES[name]);
  if (found === undefined) return `${ENGINE_PACKAGES[name]} is not installed`;
  return missingPart(name, found) ?? found;
}

function missingPart(name: EngineName, { directory, require }: FoundPackage): string | undefined {
  switch (name) {
    case 'onnxruntime':
      return hasFile(
        path.join(directory, 'bin'),
        path.join(process.platform, process.arch, 'onnxruntime_binding.node'),
      )
        ? undefined
        : `onnxruntime-node has no binary for ${process.platform} ${process.arch}`;
    case 'tfjs-node':
    case 'tfjs-node-gpu':
      return hasFile(path.join(directory, 'lib'), 'tfjs_binding.node')
        ? undefined
        : `${ENGINE_PACKAGES[name]} is installed without its native addon, which its install script downloads: ` +
            `allow that script and install again`;
    case 'wasm':
      try {
        require.resolve('@tensorflow/tfjs-core');
        return undefined;
      } catch {
        return '@tensorflow/tfjs-core, which @tensorflow/tfjs-backend-wasm needs, is not installed';
      }
  }
}

/** Whether one of the folders in `directory` (one for each version of Node's native interface) has the file. */
function hasFile(directory: string, file: string): boolean {
  return (
    existsSync(directory) &&
    readdirSync(directory).some((folder) => existsSync(path.join(directory, folder, file)))
  );
}
