import process from 'node:process';

import { missingPermissionsError } from './process-errors.js';

/**
 * Looks whether Node's permission model keeps this process from starting a child, or the child, which inherits its flags,
 * from watching over itself.
 * @param inherits Whether the child gets the flags of this process.
 * @throws {PipelineStartError} Names the missing flags.
 */
export function checkPermissions(inherits: boolean): void {
  const permission = permissionModel();
  if (permission === undefined) return;
  const needed = [
    { scope: 'child', flag: '--allow-child-process' },
    ...(inherits ? [{ scope: 'worker', flag: '--allow-worker' }] : []),
    // The channel begins as a private socket. Older versions of Node do not restrict sockets.
    ...(process.allowedNodeEnvironmentFlags.has('--allow-net')
      ? [{ scope: 'net', flag: '--allow-net' }]
      : []),
  ];
  const missing = needed.filter(({ scope }) => !permission.has(scope));
  if (missing.length > 0) throw missingPermissionsError(missing.map(({ flag }) => flag));
}

/** Node's types do not say that it may be missing. */
function permissionModel(): typeof process.permission | undefined {
  return process.permission;
}
