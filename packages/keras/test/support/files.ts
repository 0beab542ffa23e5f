import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, test } from '@jest/globals';

const here = path.dirname(fileURLToPath(import.meta.url));
export const packageDirectory = path.join(here, '../..');

export const fixture = (name: string): string => path.join(here, '../fixtures', name);

const shared = process.env['DUAL_SHARED'] ?? path.join(packageDirectory, '../../../shared');

/** Path of a file of the shared test data, which is not part of the repository. */
export const sharedFile = (...names: string[]): string => path.join(shared, ...names);

/** `test` if the shared test data is present. Otherwise a skip that says what is missing. */
export const testWithShared: typeof test | typeof test.skip = existsSync(sharedFile('vectors/vgg'))
  ? test
  : (console.warn(`SKIPPED: the test data in ${shared} is missing. Set DUAL_SHARED to its folder.`),
    test.skip);

export interface Vector {
  input: { shape: number[]; data: number[] };
  output: { shape: number[]; data: number[] };
}

/** One image, and the output of Keras 3.15 for it with the weights of `vgg16_small.h5`. */
export const smallVgg = JSON.parse(readFileSync(fixture('vgg16_small.json'), 'utf8')) as Vector;

const directories: string[] = [];
afterAll(async () => {
  await Promise.all(directories.splice(0).map((directory) => rm(directory, { recursive: true })));
});

/** Makes a directory and removes it after the tests of the file. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'keras test ä#%-'));
  directories.push(directory);
  return directory;
}
