import { access, constants, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { demonstrationModel } from '../package-files.js';
import { cachedFile } from './cache.js';
import { downloadWeights } from './download-weights.js';
import { official } from './official.js';
import { progressBar } from './progress-bar.js';
import { WeightsError } from './weights-error.js';

/** The weights to load. */
export interface Weights {
  file: string;
  /** Where a file in the cache is from. */
  url?: URL;
  /** What the page and the answers call the model; never a path. */
  name: string;
  /** The small model that ships with the example, which knows ten kinds of clothing and nothing else. */
  demonstration: boolean;
}

export interface WeightsWish {
  /** A file or a URL: `--weights` or `VGG_WEIGHTS`. */
  weights: string | undefined;
  /** `--download` */
  download: boolean;
  signal: AbortSignal;
}

const LOCAL_WEIGHTS = 'vgg16_weights.h5';

/**
 * Finds the weights: those asked for; else `vgg16_weights.h5` in the working directory; else, where allowed, Keras's
 * own VGG-16 from the cache or the network; else the demonstration model.
 *
 * @throws {WeightsError}
 */
export async function chooseWeights({ weights, download, signal }: WeightsWish): Promise<Weights> {
  if (weights !== undefined) return given(weights, signal);
  if (await exists(LOCAL_WEIGHTS)) return fromFile(LOCAL_WEIGHTS);
  if (download) return { ...(await fetched(official, signal)), name: official.name, demonstration: false };
  return { file: fileURLToPath(demonstrationModel.weights), name: 'fashion-vgg16', demonstration: true };
}

async function given(weights: string, signal: AbortSignal): Promise<Weights> {
  if (!/^[a-z][a-z\d+.-]+:\/\//i.test(weights)) return fromFile(weights);
  const url = URL.canParse(weights) ? new URL(weights) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new WeightsError('ERR_WEIGHTS_URL', `${weights} is neither a file nor an http(s) URL.`);
  }
  return { ...(await fetched({ url }, signal)), name: basename(url.pathname), demonstration: false };
}

async function fromFile(path: string): Promise<Weights> {
  const found = await stat(path).catch((error: unknown) => {
    throw new WeightsError('ERR_WEIGHTS_MISSING', `There is no weights file ${resolve(path)}.`, {
      cause: error,
    });
  });
  if (!found.isFile()) throw new WeightsError('ERR_WEIGHTS_MISSING', `${resolve(path)} is not a file.`);
  await access(path, constants.R_OK).catch((error: unknown) => {
    throw new WeightsError('ERR_WEIGHTS_MISSING', `The weights file ${resolve(path)} may not be read.`, {
      cause: error,
    });
  });
  return { file: resolve(path), name: basename(path), demonstration: false };
}

async function fetched(
  { url, md5 }: { url: URL; md5?: string },
  signal: AbortSignal,
): Promise<Pick<Weights, 'file' | 'url'>> {
  const file = cachedFile(url);
  if (await exists(file)) return { file, url };
  const bar = progressBar('Downloading weights');
  try {
    await downloadWeights({ url, target: file, md5, onProgress: bar.show, signal });
  } finally {
    bar.end();
  }
  return { file, url };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
