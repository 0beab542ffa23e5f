import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { fetchWeights } from '@dual/keras';

import { demonstrationModel } from '../package-files.js';
import type { ModelSource } from '../settings/model-source.js';
import { progressBar } from './progress-bar.js';

/** The model to load. */
export interface ChosenModel {
  kind: ModelSource['kind'];
  /** Path of the file. */
  file: string;
  /** The source of a file in the cache. */
  url?: URL;
  /** Name of the model on pages and in answers; never a path. */
  name: string;
  /** Whether it is the small model that ships with the example and knows only ten kinds of clothing. */
  demonstration: boolean;
}

/** The user named neither a file nor a URL. The message is one line. */
export class ModelSourceError extends Error {
  override readonly name = 'ModelSourceError';
}

const LOCAL_WEIGHTS = 'vgg16_weights.h5';

/**
 * Finds the model file. The first of these that applies wins:
 *
 * 1. the file or URL that the user gave,
 * 2. `vgg16_weights.h5` in the working directory,
 * 3. with `--download`, Keras's own VGG-16 from the cache or the network,
 * 4. the demonstration model.
 *
 * @throws {ModelSourceError} When the user gave a URL that is not of the web.
 * @throws {DownloadError} When a file cannot be downloaded.
 */
export async function chooseModel({
  source,
  download,
  signal,
}: {
  source: ModelSource | undefined;
  /** Whether `--download` was given. */
  download: boolean;
  signal: AbortSignal;
}): Promise<ChosenModel> {
  if (source !== undefined) return given(source, signal);
  const weights = { kind: 'weights', demonstration: false } as const;
  if (await exists(LOCAL_WEIGHTS)) return { ...weights, file: resolve(LOCAL_WEIGHTS), name: LOCAL_WEIGHTS };
  if (download) return { ...weights, file: await fetched('vgg16', signal), name: 'VGG-16, ImageNet' };
  return {
    kind: 'weights',
    file: fileURLToPath(demonstrationModel.weights),
    name: 'fashion-vgg16',
    demonstration: true,
  };
}

async function given({ kind, place }: ModelSource, signal: AbortSignal): Promise<ChosenModel> {
  if (!/^[a-z][a-z\d+.-]+:\/\//i.test(place))
    return { kind, file: resolve(place), name: basename(place), demonstration: false };
  const url = URL.canParse(place) ? new URL(place) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new ModelSourceError(`${place} is neither a file nor an http or https URL. Give one of them.`);
  return { kind, file: await fetched(url, signal), url, name: basename(url.pathname), demonstration: false };
}

async function fetched(source: 'vgg16' | URL, signal: AbortSignal): Promise<string> {
  const bar = progressBar('Downloading weights');
  try {
    return await fetchWeights(source, { onProgress: bar.show, signal });
  } finally {
    bar.end();
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
