/** @jest-environment ./test/shared-arrays-environment.mjs */
import { expect, test } from '@jest/globals';

import { numbersOf, runConfig, type StoredCase, storedCases } from './support/run-config.js';

/** Half precision is rounded to 11 or 8 bits. */
const TOLERANCES: Readonly<Record<string, number>> = { bfloat16: 8e-3, float16: 1e-3, float32: 2e-5 };

async function expectStored({ config, inputs, outputs }: StoredCase, version?: string): Promise<void> {
  const results = await runConfig(config, inputs, version);
  expect(results.map(({ shape }) => shape)).toEqual(outputs.map(({ shape }) => shape));
  for (const [index, output] of outputs.entries()) {
    const expected = numbersOf(output);
    const greatest = Math.max(1, ...expected.filter(Number.isFinite).map(Math.abs));
    const tolerance = (TOLERANCES[output.dtype] ?? 0) * greatest;
    for (const [at, number] of Array.from(results[index]?.data ?? [], Number).entries()) {
      const wanted = expected[at] ?? NaN;
      if (Number.isFinite(wanted)) expect(Math.abs(number - wanted)).toBeLessThanOrEqual(tolerance);
      else expect(number).toBe(wanted);
    }
  }
}

const byName = (name: string) => storedCases(name).map((stored) => [stored.name, stored] as const);

test.each(byName('operations-numbers.json'))('computes numbers as Keras does: %s', (_, stored) =>
  expectStored(stored),
);
test.each(byName('operations-shapes.json'))('moves entries as Keras does: %s', (_, stored) =>
  expectStored(stored),
);
test.each(byName('operations-reductions.json'))('reduces and multiplies as Keras does: %s', (_, stored) =>
  expectStored(stored),
);
test.each(byName('operations-neural.json'))('computes layers as Keras does: %s', (_, stored) =>
  expectStored(stored),
);
test.each(byName('tensorflow-functions.json'))(
  'runs functions of TensorFlow in models of Keras 2: %s',
  (_, stored) => expectStored(stored, '2.12.0'),
);
