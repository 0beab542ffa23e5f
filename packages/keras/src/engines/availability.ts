import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { ENGINE_NAMES, ENGINE_PACKAGES, type EngineName } from './engine.js';
import { findPackage, type FoundPackage } from './find-package.js';

const TFJS_CORE = '@tensorflow/tfjs-core';

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
    return 'reason' in found
      ? { ...status, available: false, reason: found.reason }
      : { ...status, available: true, version: found.version };
  });
}

/** Why an engine cannot be used, and what to do about it where something can be done. */
export interface Unavailable {
  reason: string;
  remedy?: string;
}

/** The package of an engine, or why it cannot be used. */
export function findEngine(name: EngineName): FoundPackage | Unavailable {
  const found = findPackage(ENGINE_PACKAGES[name]);
  if (found === undefined) {
    const packages = name === 'wasm' ? `${ENGINE_PACKAGES.wasm} ${TFJS_CORE}` : ENGINE_PACKAGES[name];
    return { reason: `${ENGINE_PACKAGES[name]} is not installed`, remedy: add(packages) };
  }
  return missingPart(name, found) ?? found;
}

function missingPart(name: EngineName, { directory, require }: FoundPackage): Unavailable | undefined {
  switch (name) {
    case 'onnxruntime':
      return hasFile(
        path.join(directory, 'bin'),
        path.join(process.platform, process.arch, 'onnxruntime_binding.node'),
      )
        ? undefined
        : { reason: `onnxruntime-node has no binary for ${process.platform} ${process.arch}` };
    case 'tfjs-node':
    case 'tfjs-node-gpu':
      return hasFile(path.join(directory, 'lib'), 'tfjs_binding.node')
        ? undefined
        : {
            reason: `${ENGINE_PACKAGES[name]} is installed without its native addon, which its install script downloads`,
            // Adding the package again would change nothing.
            remedy:
              'allow that script to run (pnpm: allowBuilds in pnpm-workspace.yaml; npm: no --ignore-scripts) and install again',
          };
    case 'wasm':
      try {
        require.resolve(TFJS_CORE);
        return undefined;
      } catch {
        return {
          reason: `${TFJS_CORE}, which ${ENGINE_PACKAGES.wasm} needs, is not installed`,
          remedy: add(TFJS_CORE),
        };
      }
  }
}

/** Not a command alone: it would be the wrong one in a project of another package manager. */
function add(packages: string): string {
  return `add it to your project with your package manager, for example: npm install ${packages}`;
}

/** Whether one of the folders in `directory` (one for each version of Node's native interface) has the file. */
function hasFile(directory: string, file: string): boolean {
  return (
    existsSync(directory) &&
    readdirSync(directory).some((folder) => existsSync(path.join(directory, folder, file)))
  );
}
