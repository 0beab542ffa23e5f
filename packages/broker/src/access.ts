import { existsSync } from 'node:fs';

/** Whether a path exists; `undefined` if Node's permission model does not let this process look. */
export function exists(path: string): boolean | undefined {
  try {
    return existsSync(path);
  } catch (error) {
    if (isDenied(error)) return undefined;
    throw error;
  }
}

/** Whether Node's permission model has refused it. */
export function isDenied(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_ACCESS_DENIED';
}
