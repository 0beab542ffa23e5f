/** @jest-environment ./test/shared-arrays-environment.mjs */
import '@tensorflow/tfjs-backend-wasm';

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-node';

import { ALIASES } from '../src/config/dialects.js';
import { onnxruntimeEngine } from '../src/engines/onnxruntime/onnxruntime-engine.js';
import { startBackend } from '../src/engines/tfjs/backend.js';
import { tfjsEngine } from '../src/engines/tfjs/tfjs-engine.js';
import type { LayerEntry } from '../src/layers/layer.js';
import { OPERATIONS } from '../src/layers/operations.js';
import { LAYERS } from '../src/layers/table.js';
import { packageDirectory } from './support/files.js';
import {
  differences,
  type ModelCase,
  modelCases,
  outputsOn,
  prepare,
  refusalsOn,
} from './support/model-cases.js';
import { OLD_CASES } from './support/old-model-cases.js';

const file = path.join(packageDirectory, '../../docs/keras-coverage.md');

const CASES: readonly (readonly [version: string | undefined, cases: readonly ModelCase[]])[] = [
  ...[
    'layers.json',
    'operations-each.json',
    'operations-neural.json',
    'operations-numbers.json',
    'operations-reductions.json',
    'operations-shapes.json',
    'recurrent-cells.json',
  ].map((name) => [undefined, modelCases(name)] as const),
  ['2.12.0', modelCases('tensorflow-functions.json')],
  ['2.12.0', OLD_CASES],
];

/** What happened when a model with a class ran on each engine. */
interface Run {
  /** Whether the model is there for this class. */
  own: boolean;
  /** Why TensorFlow.js refuses the model. Empty: it runs. */
  refusals: readonly string[];
}

const reference = onnxruntimeEngine(ort);
const engine = tfjsEngine('wasm', tf, 'wasm');
const layers = new Map<string, Run[]>();
const operations = new Map<string, Run[]>();

function note(runs: Map<string, Run[]>, className: string, run: Run): void {
  runs.set(className, [...(runs.get(className) ?? []), run]);
}

/** Runs a model on both engines. */
async function run(one: ModelCase, version: string | undefined): Promise<void> {
  const prepared = await prepare(one, version);
  const outputs = await outputsOn(reference, prepared);
  // A model of an old layer comes without answers: both engines must agree on it.
  const answers =
    one.outputs.length > 0
      ? one
      : {
          ...one,
          outputs: outputs.map(({ shape, data }) => ({ shape: [...shape], data: Array.from(data, Number) })),
        };
  expect(differences(outputs, answers, 2e-5)).toEqual([]);
  const refusals = refusalsOn(engine, prepared);
  if (refusals.length === 0)
    expect(differences(await outputsOn(engine, prepared), answers, 1e-4)).toEqual([]);
  for (const name of new Set(prepared.layers)) note(layers, name, { own: one.name === name, refusals });
  for (const name of new Set(prepared.operations))
    note(operations, name, { own: prepared.operations.length === 1, refusals });
}

beforeAll(() => startBackend(tf, 'wasm'));

const named = CASES.flatMap(([version, cases]) => cases.map((one) => [one.name, one, version] as const));

test.each(named)('both engines compute what Keras computes: %s', (_, one, version) => run(one, version));

function verdicts(entry: LayerEntry, runs: readonly Run[]): [onnxruntime: string, tfjs: string] {
  if (entry.kind !== 'refused' && runs.length === 0) return ['not tested', 'not tested'];
  switch (entry.kind) {
    case 'refused':
      return [`refused: ${entry.reason}`, 'refused'];
    case 'identity':
      return ['identity at inference', 'identity at inference'];
    case 'runs': {
      // Another layer of a model may be the one that is refused.
      const own = runs.some((one) => one.own) ? runs.filter((one) => one.own) : runs;
      const refused = own.filter(({ refusals }) => refusals.length > 0);
      const reasons = [...new Set(refused.flatMap(({ refusals }) => refusals))].sort().join('; ');
      if (refused.length === 0) return ['runs', 'runs'];
      const most = refused.length === own.length ? 'refused' : 'runs, but some settings are refused';
      return ['runs', `${most}: ${reasons}`];
    }
  }
}

function table(
  title: string,
  entries: Readonly<Record<string, LayerEntry>>,
  runs: ReadonlyMap<string, Run[]>,
): string {
  const rows = Object.entries(entries)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, entry]) => [`\`${name}\``, ...verdicts(entry, runs.get(name) ?? [])]);
  return markdown([title, 'ONNX Runtime', 'TensorFlow.js'], rows);
}

/** A table as prettier formats it. */
function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((text, column) =>
    Math.max(text.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join(
    '\n',
  );
}

function oldNames(): string {
  const rows = Object.entries({ ...ALIASES, TimeDistributedDense: 'Dense' })
    .filter(([, name]) => name !== 'Functional')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([old, name]) => [`\`${old}\``, `\`${name}\``]);
  return markdown(['old name', 'read as'], rows);
}

function page(): string {
  return `# Layers and operations of Keras

A test makes this page: it runs a model for each layer and each operation on both engines, and compares the numbers with
those of Keras 3.15. After a change, \`KERAS_COVERAGE=write npm run jest -- packages/keras/test/coverage.test.ts\` writes the
page anew.

- **runs**: gives the numbers of Keras.
- **identity at inference**: changes nothing when Keras predicts, so it is left out.
- **refused**: \`loadModel\` names the layer and the reason before it reads weights. You can supply
  [a layer of your own](../packages/keras/README.md#your-own-layers) for it.

The column TensorFlow.js is measured on its WebAssembly backend.

## Layers

${table('layer', LAYERS, layers)}

Dense, EinsumDense and Embedding also run with quantized weights: \`int8\`, \`int4\` and, but for Embedding, \`float8\`. Other
quantized layers, and the modes \`gptq\` and \`awq\`, are refused.

## Old names

${oldNames()}

## Operations

Operations of \`keras.ops\` in a functional model.

${table('operation', OPERATIONS, operations)}
`;
}

test.each([
  ['layer', LAYERS, layers],
  ['operation', OPERATIONS, operations],
] as const)('a model runs each %s', (_, entries, runs) => {
  const missing = Object.entries(entries).filter(([name, { kind }]) => kind !== 'refused' && !runs.has(name));
  expect(missing.map(([name]) => name)).toEqual([]);
});

test('docs/keras-coverage.md says what is true', () => {
  if (process.env['KERAS_COVERAGE'] === 'write') writeFileSync(file, page());
  expect(readFileSync(file, 'utf8')).toBe(page());
});
