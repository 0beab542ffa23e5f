import { readFile } from 'node:fs/promises';

import type Sharp from 'sharp';

import { ENGINE_NAMES } from '../engines/engine.js';
import { findPackage } from '../engines/find-package.js';
import { preprocess, PREPROCESSINGS } from '../imagenet/preprocess.js';
import { topK } from '../imagenet/top-k.js';
import { loadModel } from '../load-model.js';
import type { Model } from '../model.js';
import { COMMON_HELP, fileOptions, parse, UsageError } from './usage.js';

const HELP = `Usage: keras predict FILE IMAGE [options]

Classifies an image. Needs the package sharp: npm install sharp

  --labels FILE        names of the classes: a JSON list, or one name in each line
  --preprocess HOW     ${PREPROCESSINGS.join(', ')} (the default): how the model wants its pixels.
                       caffe: VGG, ResNet. tf: MobileNet, Inception, Xception. torch: DenseNet.
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
  const how = oneOf('preprocess', values.preprocess ?? 'none', PREPROCESSINGS);
  const engine = oneOf('engine', values.engine ?? 'auto', ['auto', ...ENGINE_NAMES] as const);
  const labels = values.labels === undefined ? [] : await readLabels(values.labels);
  await using model = await loadModel(file, { ...fileOptions(values), engine });
  const shape = imageShape(model);
  const [scores] = await model.predict([
    { data: preprocess(await readPixels(image, shape), how), shape: [1, ...shape] },
  ]);
  if (scores === undefined) throw new UsageError('the model has no output');
  for (const { index, score } of topK(scores.data, Number(values.top ?? 5))) {
    process.stdout.write(`${score.toFixed(6)}  ${labels[index] ?? index}\n`);
  }
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined)
    throw new UsageError(`--${option} must be one of ${allowed.join(', ')}, not ${value}`);
  return found;
}

function imageShape({ inputs }: Model): [number, number, 3] {
  const [input, ...more] = inputs;
  const [, rows, columns, channels] = input?.shape ?? [];
  if (input === undefined || more.length > 0 || channels !== 3) {
    const shapes = inputs.map(
      ({ name, shape }) => `${name} (${shape.map((length) => length ?? '?').join(', ')})`,
    );
    throw new UsageError(
      `the model takes no image of red, green and blue: its inputs are ${shapes.join(', ')}`,
    );
  }
  return [rows ?? 224, columns ?? 224, 3];
}

async function readPixels(
  image: string,
  [rows, columns]: readonly [number, number, number],
): Promise<Uint8Array> {
  const found = findPackage('sharp');
  if (found === undefined)
    throw new UsageError('the package sharp is needed to read images: npm install sharp');
  const sharp = found.require('.') as typeof Sharp;
  try {
    return await sharp(image)
      .rotate()
      .flatten()
      .toColourspace('srgb')
      .resize(columns, rows, { fit: 'fill' })
      .raw()
      .toBuffer();
  } catch (cause) {
    throw new UsageError(
      `the image ${image} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
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
