import { readdir, readFile } from 'node:fs/promises';

import { demonstrationModel } from '../package-files.js';

/** The photo to classify if a request has no image. */
export interface Sample {
  bytes: Uint8Array;
  /** Name of the photo, for the page. */
  caption: string;
}

const DEFAULT_SAMPLE = 'Sneaker-1.png';

export async function readSample(): Promise<Sample> {
  const bytes = await readFile(new URL(DEFAULT_SAMPLE, demonstrationModel.samples));
  return { bytes, caption: `The sample photo ${DEFAULT_SAMPLE}` };
}

/** Lists the file names of the sample photos, sorted. */
export async function listSamples(): Promise<string[]> {
  return (await readdir(demonstrationModel.samples)).filter((name) => name.endsWith('.png')).sort();
}
