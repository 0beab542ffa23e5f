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
  /** Path of the weights file. */
  file: string;
  /** The source of a file in the cache. */
  url?: URL;
  /** Name of the model on pages and in answers; never a path. */
  name: string;
  /** Whether it is the small model that ships with the example and knows only ten kinds of clothing. */
  demonstration: boolean;
}

/** The weights that the user asks for. */
export interface WeightsWish {
  /** A file or a URL: `--weights` or `VGG_WEIGHTS`. */
  weights: string | undefined;
  /** Whether `--download` was given. */
  download: boolean;
  signal: AbortSignal;
}

const LOCAL_WEIGHTS = 'vgg16_weights.h5';

/**
 * Finds the weights. The first of these that applies wins:
 *
 * 1. the file or URL that the user gave,
 * 2. `vgg16_weights.h5` in the working directory,
 * 3. with `--download`, Keras's own VGG-16 from the cache or the network,
 * 4. the demonstration model.
 *
 * @throws {WeightsError} When those weights are not available.
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
    throw new WeightsError(
      'ERR_WEIGHTS_URL',
      `${weights} is neither a file nor an http or https URL. Give one of them.`,
    );
  }
  return { ...(await fetched({ url }, signal)), name: basename(url.pathname), demonstration: false };
}

async function fromFile(path: string): Promise<Weights> {
  const found = await stat(path).catch((error: unknown) => {
    throw new WeightsError(
      'ERR_WEIGHTS_MISSING',
      `The weights file ${resolve(path)} was not found. Check the path.`,
      {
        cause: error,
      },
    );
  });
  if (!found.isFile())
    throw new WeightsError(
      'ERR_WEIGHTS_MISSING',
      `${resolve(path)} is not a file. Give the path of an HDF5 file.`,
    );
  await access(path, constants.R_OK).catch((error: unknown) => {
    throw new WeightsError(
      'ERR_WEIGHTS_MISSING',
      `The weights file ${resolve(path)} is not readable. Change its permissions.`,
      {
        cause: error,
      },
    );
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
