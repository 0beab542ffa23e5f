import { readFileSync } from 'node:fs';

import * as ort from 'onnxruntime-node';

import { dialectOf } from '../../src/config/dialects.js';
import { parseModel } from '../../src/config/parse-model.js';
import { parseJson } from '../../src/containers/parse-json.js';
import type { EngineTensor } from '../../src/engines/engine.js';
import { onnxruntimeEngine } from '../../src/engines/onnxruntime/onnxruntime-engine.js';
import type { DType } from '../../src/graph/value.js';
import { lowerModel } from '../../src/layers/lower-model.js';
import { finder } from '../../src/layers/table.js';
import { fixture } from './files.js';

/** Numbers in a fixture. JSON has no NaN and no infinite numbers, so they are texts. */
interface StoredTensor {
  shape: number[];
  data: (number | string)[];
}

export interface StoredCase {
  name: string;
  config: unknown;
  inputs: StoredTensor[];
  outputs: (StoredTensor & { dtype: string })[];
}

export function storedCases(name: string): StoredCase[] {
  const { cases } = parseJson(readFileSync(fixture(name), 'utf8'), name, name) as { cases: StoredCase[] };
  return cases;
}

export function numbersOf({ data }: StoredTensor): number[] {
  return data.map(Number);
}

function typed(data: readonly number[], dtype: DType): EngineTensor['data'] {
  switch (dtype) {
    case 'bool':
      return Uint8Array.from(data);
    case 'int32':
      return Int32Array.from(data);
    case 'int64':
      return BigInt64Array.from(data, BigInt);
    default:
      return Float32Array.from(data);
  }
}

/** Runs a model without weights that is given as the JSON of its configuration. */
export async function runConfig(
  config: unknown,
  inputs: readonly StoredTensor[],
  version?: string,
): Promise<EngineTensor[]> {
  const graph = lowerModel(parseModel(config, dialectOf(version, config)), finder({}));
  const session = await onnxruntimeEngine(ort).build(graph, new Map(), {});
  try {
    return await session.run(
      graph.inputs.map(({ value: { dtype } }, index) => {
        const input = inputs[index];
        if (input === undefined) throw new Error(`the case has no input ${index}`);
        return { data: typed(numbersOf(input), dtype), shape: input.shape, dtype };
      }),
    );
  } finally {
    await session.dispose();
  }
}
