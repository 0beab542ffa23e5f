import { readFile } from 'node:fs/promises';

import type Sharp from 'sharp';

import { ENGINE_NAMES } from '../engines/engine.js';
import { optionalRequires } from '../engines/find-package.js';
import { imageClassifier } from '../imagenet/image-classifier.js';
import { PREPROCESSINGS } from '../imagenet/preprocess.js';
import { topK } from '../imagenet/top-k.js';
import { loadModel } from '../load-model.js';
import { COMMON_HELP, fileOptions, parse, UsageError } from './usage.js';

const HELP = `Usage: keras predict FILE IMAGE [options]

Classifies an image. Needs the package sharp: npm install sharp

  --labels FILE        names of the classes: a JSON list, or one name in each line
  --preprocess HOW     ${PREPROCESSINGS.join(', ')}: how the model wants its pixels. By default, none if
                       the model scales them itself, that of Keras if it is one of Keras's networks, else unit.
  --top N              how many classes to print (default 5)
  --engine NAME        auto (the default), ${ENGINE_NAMES.join(', ')}
${COMMON_HELP}`;

/** `keras predict FILE IMAGE` */
export async function predict(args: string[]): Promise<void> {
  const parsed = parse(args, {
    help: HELP,
    count: 2,
    options: ['engine', 'labels', 'preprocess', 'top'],
  });
  if (parsed === undefined) return;
  const { values, positionals } = parsed;
  const [file = '', image = ''] = positionals;
  const preprocessing =
    values.preprocess === undefined ? undefined : oneOf('preprocess', values.preprocess, PREPROCESSINGS);
  const engine = oneOf('engine', values.engine ?? 'auto', ['auto', ...ENGINE_NAMES] as const);
  const labels = values.labels === undefined ? [] : await readLabels(values.labels);
  await using model = await loadModel(file, { ...fileOptions(values), engine });
  const classifier = await imageClassifier(model, { preprocessing });
  process.stderr.write(`preprocessing ${classifier.preprocessing}, ${classifier.reason}\n`);
  const [probabilities = []] = await classifier.classify([await readPixels(image, classifier)]);
  for (const { index, score } of topK(probabilities, Number(values.top ?? 5))) {
    process.stdout.write(`${score.toFixed(6)}  ${labels[index] ?? index}\n`);
  }
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined)
    throw new UsageError(`--${option} must be one of ${allowed.join(', ')}, not ${value}`);
  return found;
}

async function readPixels(
  image: string,
  { width, height }: { width: number; height: number },
): Promise<Uint8Array> {
  const sharp = loadSharp();
  try {
    return await sharp(image)
      .rotate()
      .flatten()
      .toColourspace('srgb')
      .resize(width, height, { fit: 'fill' })
      .raw()
      .toBuffer();
  } catch (cause) {
    throw new UsageError(
      `the image ${image} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

function loadSharp(): typeof Sharp {
  for (const require of optionalRequires()) {
    try {
      require.resolve('sharp');
    } catch {
      continue;
    }
    return require('sharp') as typeof Sharp;
  }
  throw new UsageError('the package sharp is needed to read images: npm install sharp');
}

async function readLabels(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UsageError(
      `the labels cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  });
  if (!text.trimStart().startsWith('[')) return text.split(/\r?\n/u).filter((line) => line !== '');
  const list: unknown = JSON.parse(text);
  return Array.isArray(list) ? list.map(String) : [];
}
