import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import * as imagenet from '../src/imagenet/index.js';
import * as keras from '../src/index.js';
import { sharedFile, testWithShared } from './support/files.js';

test('the package exports exactly these names', () => {
  expect(Object.keys(keras).toSorted()).toEqual([
    'DisposedError',
    'DownloadError',
    'EngineError',
    'InputError',
    'KerasError',
    'ModelFileError',
    'OptionError',
    'engines',
    'fetchWeights',
    'inspectModel',
    'loadModel',
    'toOnnx',
  ]);
  expect(Object.keys(imagenet).toSorted()).toEqual([
    'IMAGENET_LABELS',
    'PREPROCESSINGS',
    'VGG_MEANS_BGR',
    'imageClassifier',
    'preprocess',
    'topK',
  ]);
});

test('an error has its own class, name and code, and shows only known details', () => {
  const error = new keras.ModelFileError('ERR_KERAS_TRUNCATED', 'cut', { file: 'a.h5' });
  expect(error).toBeInstanceOf(keras.KerasError);
  expect(error).toBeInstanceOf(Error);
  expect(error.name).toBe('ModelFileError');
  expect(Object.fromEntries(Object.entries(error))).toEqual({
    name: 'ModelFileError',
    code: 'ERR_KERAS_TRUNCATED',
    file: 'a.h5',
  });
});

test('the labels are in the order of Keras', () => {
  const { IMAGENET_LABELS: labels } = imagenet;
  expect(labels).toHaveLength(1000);
  const known = {
    0: 'tench',
    134: 'crane',
    281: 'tabby',
    285: 'Egyptian cat',
    340: 'zebra',
    504: 'coffee mug',
    517: 'crane',
    817: 'sports car',
    999: 'toilet tissue',
  };
  for (const [index, label] of Object.entries(known)) expect(labels[Number(index)]).toBe(label);
});

testWithShared('the labels are the same as those of Darknet, which has another order', () => {
  const theirs = JSON.parse(
    readFileSync(sharedFile('vectors/imagenet/labels_darknet.json'), 'utf8'),
  ) as string[];
  expect([...imagenet.IMAGENET_LABELS].sort()).toEqual(theirs.toSorted());
});

test('topK returns the highest scores first, ties in class order, and at most all classes', () => {
  const scores = Float32Array.of(0.25, 0.5, 0.125, 0.125);
  expect(imagenet.topK(scores, 3)).toEqual([
    { index: 1, score: 0.5 },
    { index: 0, score: 0.25 },
    { index: 2, score: 0.125 },
  ]);
  expect(imagenet.topK(scores, 9)).toHaveLength(4);
  expect(imagenet.topK([], 5)).toEqual([]);
});
