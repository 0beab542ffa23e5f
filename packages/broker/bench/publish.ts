import { readFileSync, writeFileSync } from 'node:fs';

import { chart } from './report/chart.js';
import type { Circumstances } from './report/machine.js';
import type { Outcome } from './report/outcome.js';
import { channelSection, withSection } from './report/section.js';

/**
 * Writes the section on the channel into `benchmarks.md`, and its chart.
 * @param docs The folder of the documentation.
 */
export function publish(docs: URL, outcome: Outcome, circumstances: Circumstances): void {
  const file = new URL('benchmarks.md', docs);
  const section = channelSection(outcome, circumstances);
  writeFileSync(file, withSection(readIfThere(file), section));
  writeFileSync(new URL('channel.svg', docs), chart(outcome));
}

function readIfThere(file: URL): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
