import { readdir, readFile } from 'node:fs/promises';

import { demonstrationModel } from '../package-files.js';

/** The photo that is classified when none is given. */
export interface Sample {
  bytes: Uint8Array;
  caption: string;
}

const DEFAULT_SAMPLE = 'Sneaker-1.png';

export async function readSample(): Promise<Sample> {
  const bytes = await readFile(new URL(DEFAULT_SAMPLE, demonstrationModel.samples));
  return { bytes, caption: `The sample photo ${DEFAULT_SAMPLE}` };
}

/** File names of the sample photos, in order. */
export async function listSamples(): Promise<string[]> {
  return (await readdir(demonstrationModel.samples)).filter((name) => name.endsWith('.png')).sort();
}
