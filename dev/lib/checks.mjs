import { wireit } from './wireit.mjs';

/**
 * Runs every static check (types, lint, imports, format, unused code, type tests), and prints the output of the failed ones.
 *
 * @param {AbortSignal} stop
 * @returns {Promise<string[]>} Names of the failed checks.
 */
export async function failedChecks(stop) {
  const { code, lines } = await wireit('check', { stop, env: { WIREIT_FAILURES: 'continue' } });
  stop.throwIfAborted();
  if (code === 0) return [];
  for (const line of lines) console.log(line);
  const names = lines.flatMap((line) => /^❌ \[([^\]]+)\]/.exec(line)?.[1] ?? []);
  return names.length > 0 ? [...new Set(names)] : ['check'];
}
