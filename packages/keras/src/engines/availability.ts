import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { ENGINE_NAMES, ENGINE_PACKAGES, type EngineName } from './engine.js';
import { findPackage, type FoundPackage } from './find-package.js';

const TFJS_CORE = '@tensorflow/tfjs-core';

/**
 * An engine, its npm package, and whether it is installed. If it is, `version` is the version of the package. If not,
 * `reason` says what is missing.
 */
export type EngineStatus =
  | { name: EngineName; package: string; available: true; version: string }
  | { name: EngineName; package: string; available: false; reason: string };

/**
 * Lists all engines and says which are installed with everything that they need on this platform. Loads none of them.
 *
 * An engine that is installed can still fail to load, for example if a system library is too old. `loadModel` then says
 * why.
 *
 * @returns One status for each engine.
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

/** Why an engine cannot be used. */
export interface Unavailable {
  /** The reason, as a clause: `onnxruntime-node is not installed`. */
  reason: string;
  /** Advice for the user. Absent if nothing helps. */
  remedy?: string;
}

/** Finds the package of an engine without loading it. */
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
            // Do not suggest to add the package: that would not run its script either.
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

/** Names npm only as an example, because the project may use another package manager. */
function add(packages: string): string {
  return `add it to your project with your package manager, for example: npm install ${packages}`;
}

/** Whether a folder in `directory` has the file. The packages have one folder for each version of Node-API. */
function hasFile(directory: string, file: string): boolean {
  return (
    existsSync(directory) &&
    readdirSync(directory).some((folder) => existsSync(path.join(directory, folder, file)))
  );
}
