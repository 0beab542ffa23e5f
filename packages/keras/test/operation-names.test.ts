import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { OPERATIONS } from '../src/layers/operations.js';
import { fixture } from './support/files.js';

/*
 * The fixture holds the name of each subclass of `Operation` that the modules core, einops, image, linalg, math, nn and
 * numpy of `keras/src/ops` define:
 *
 *   [name for name, value in vars(importlib.import_module(f'keras.src.ops.{module}')).items()
 *    if inspect.isclass(value) and issubclass(value, Operation) and value.__module__ == f'keras.src.ops.{module}']
 */
const { operations } = JSON.parse(readFileSync(fixture('keras-operations.json'), 'utf8')) as {
  operations: string[];
};

test('no operation of Keras is unknown', () => {
  expect(operations.filter((name) => !Object.hasOwn(OPERATIONS, name))).toEqual([]);
});

test('a refusal says why', () => {
  for (const entry of Object.values(OPERATIONS))
    if (entry.kind === 'refused') expect(entry.reason).toMatch(/^\S.*[^.]$/u);
});
