/** @jest-environment ./test/shared-arrays-environment.mjs */
import { readdirSync, readlinkSync } from 'node:fs';

import { beforeAll, describe, expect, test } from '@jest/globals';

import { loadModel, type LoadProgress, OptionError } from '../src/index.js';
import { fixture, smallVgg } from './support/files.js';
import { largestDifference, predictWith, tinyImage } from './support/predicting.js';
import { tinyWeights, writeFile, writeNamed } from './support/tiny-vgg.js';

const file = fixture('vgg16_small.h5');

/** Whether this process has the file open. Linux only. */
function isOpen(name: string): boolean {
  return readdirSync('/proc/self/fd').some((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`) === name;
    } catch {
      return false;
    }
  });
}
const testOnLinux = process.platform === 'linux' ? test : test.skip;

describe('progress', () => {
  test('counts the bytes of the weights up to their total, then reports that the engine builds', async () => {
    const steps: LoadProgress[] = [];
    await using model = await loadModel(file, {
      architecture: 'vgg16',
      onProgress: (step) => {
        steps.push({ ...step });
      },
    });
    expect(model.engine).toBe('onnxruntime');
    const total = steps[0]?.total ?? 0;
    expect(total).toBeGreaterThan(1_000_000);
    expect(steps[0]).toEqual({ phase: 'reading', loaded: 0, total });
    expect(steps.at(-1)).toEqual({ phase: 'building', loaded: total, total });
    const loaded = steps.map((step) => step.loaded);
    expect(loaded).toEqual(loaded.toSorted((a, b) => a - b));
  });

  testOnLinux('a listener that throws stops the loading with its error and closes the file', async () => {
    const own = new Error('no space on the page');
    const outcome = loadModel(file, {
      architecture: 'vgg16',
      onProgress: () => {
        throw own;
      },
    });
    await expect(outcome).rejects.toBe(own);
    expect(isOpen(file)).toBe(false);
  });
});

describe('signal', () => {
  test('does not touch the file if the signal is already aborted', async () => {
    const outcome = loadModel('/no/such/file.h5', { architecture: 'vgg16', signal: AbortSignal.abort() });
    await expect(outcome).rejects.toMatchObject({ name: 'AbortError' });
  });

  testOnLinux.each(['onnxruntime', 'wasm'] as const)(
    'stops reading for %s between two slices, rejects with the reason and closes the file',
    async (engine) => {
      const controller = new AbortController();
      const reason = new Error('the user went away');
      const steps: LoadProgress[] = [];
      const outcome = loadModel(file, {
        architecture: 'vgg16',
        engine,
        signal: controller.signal,
        onProgress(step) {
          steps.push(step);
          if (steps.length === 5) controller.abort(reason);
        },
      });
      await expect(outcome).rejects.toBe(reason);
      expect(steps).toHaveLength(5);
      expect(isOpen(file)).toBe(false);
    },
  );

  test('rejects if the signal is aborted while the engine builds', async () => {
    const controller = new AbortController();
    const outcome = loadModel(file, {
      architecture: 'vgg16',
      signal: controller.signal,
      onProgress: ({ phase }) => {
        if (phase === 'building') controller.abort();
      },
    });
    await expect(outcome).rejects.toMatchObject({ name: 'AbortError' });
  });
});

test('loads at the same time do not disturb each other, even if one file is bad', async () => {
  const broken = await writeFile((file) => {
    const weights = tinyWeights();
    weights.get('fc2')?.bias.data.fill(NaN);
    writeNamed(file, weights);
  });
  const good = await writeFile((file) => {
    writeNamed(file, tinyWeights());
  });
  const image = { data: Float32Array.from(smallVgg.input.data), shape: smallVgg.input.shape };
  const [one, two, three, four] = await Promise.allSettled([
    predictWith(file, image),
    predictWith(broken, tinyImage),
    predictWith(good, tinyImage),
    predictWith(file, image, { engine: 'wasm' }),
  ]);
  expect(two).toMatchObject({ status: 'rejected', reason: { code: 'ERR_KERAS_NOT_FINITE' } });
  expect(three.status).toBe('fulfilled');
  for (const outcome of [one, four]) {
    if (outcome.status === 'rejected') throw outcome.reason;
    expect(largestDifference(outcome.value, smallVgg.output.data)).toBeLessThan(1e-4);
  }
});

testOnLinux('a load closes the file, and so does a refusal', async () => {
  await using model = await loadModel(file, { architecture: 'vgg16' });
  expect(model.outputs[0]?.shape).toEqual([null, 20]);
  expect(isOpen(file)).toBe(false);
  const bad = await writeFile((file) => {
    file.create_attribute('layer_names', ['a'], [1], 'A1');
  });
  await expect(loadModel(bad, { architecture: 'vgg16' })).rejects.toThrow();
  expect(isOpen(bad)).toBe(false);
});

describe('options', () => {
  let good: string;
  beforeAll(async () => {
    good = await writeFile((file) => {
      writeNamed(file, tinyWeights());
    });
  });

  test.each<[string, object]>([
    ['architecture', { architecture: 'resnet34' }],
    ['architecture', { architecture: { name: 'vgg16', top: false } }],
    ['config', { config: 3 }],
    ['layers', { layers: { Lambda: 'x' } }],
    ['engine', { architecture: 'vgg16', engine: 'cpu' }],
    ['kernels', { architecture: 'vgg16', kernels: 'theano' }],
    ['threads', { architecture: 'vgg16', threads: 0 }],
    ['threads', { architecture: 'vgg16', threads: '2' }],
    ['foo', { architecture: 'vgg16', foo: 0 }],
    ['toString', { architecture: 'vgg16', toString: 0 }],
  ])('refuses a wrong option by name: %s in %j', async (option, options) => {
    const outcome = loadModel(good, options);
    await expect(outcome).rejects.toBeInstanceOf(OptionError);
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_KERAS_OPTION', option });
  });

  test('answers an unknown option with the list of all options', async () => {
    const options = { architecture: 'vgg16', thread: 2 } as const;
    await expect(loadModel(good, options)).rejects.toThrow(
      'Unknown option "thread". The options are config, architecture, layers, engine, kernels, threads, onProgress, signal',
    );
  });

  test.each(['', new URL('http://localhost/model.h5')])('refuses "%s" as a file', async (name) => {
    await expect(loadModel(name, { architecture: 'vgg16' })).rejects.toMatchObject({
      code: 'ERR_KERAS_OPTION',
      option: 'file',
    });
  });

  test('accepts a number of threads', async () => {
    expect(await predictWith(good, tinyImage, { threads: 1 })).toHaveLength(4);
  });
});
