import { readFileSync } from 'node:fs';

import { dialectOf } from '../../src/config/dialects.js';
import type { LayerSpec, ModelSpec } from '../../src/config/model-spec.js';
import { parseModel } from '../../src/config/parse-model.js';
import type { StoredArray, StoredLayer } from '../../src/containers/container.js';
import { parseJson } from '../../src/containers/parse-json.js';
import type { Engine, EngineTensor } from '../../src/engines/engine.js';
import { refusalsOf } from '../../src/engines/refusals.js';
import { slotsOf } from '../../src/graph/model-graph.js';
import type { DType, Numbers, WeightSlot } from '../../src/graph/value.js';
import { type LoweredModel, lowerModel } from '../../src/layers/lower-model.js';
import { finder } from '../../src/layers/table.js';
import { bindWeights } from '../../src/weights/bind.js';
import { fixture } from './files.js';

interface JsonTensor {
  shape: number[];
  /** JSON has no NaN and no infinite numbers, so they are texts. */
  data: (number | string)[];
}

/** A model with what Keras computes with it. */
export interface ModelCase {
  name: string;
  config: unknown;
  layers?: { name: string; weights: JsonTensor[] }[];
  inputs: JsonTensor[];
  outputs: (JsonTensor & { dtype?: string })[];
}

/** Reads the models of a fixture. */
export function modelCases(name: string): ModelCase[] {
  const { cases } = parseJson(readFileSync(fixture(name), 'utf8'), name, name) as { cases: ModelCase[] };
  return cases;
}

/** A case that is ready to run. */
export interface Prepared {
  /** The classes of its layers and operations, with those inside others. */
  layers: string[];
  operations: string[];
  graph: LoweredModel;
  weights: ReadonlyMap<WeightSlot, Numbers>;
  inputs: EngineTensor[];
}

export async function prepare(
  { config, layers = [], inputs }: ModelCase,
  version?: string,
): Promise<Prepared> {
  const spec = parseModel(config, dialectOf(version, config));
  const graph = lowerModel(spec, finder({}));
  const binding = bindWeights('case', graph.state, {
    kind: 'layers',
    named: true,
    rotated: false,
    layers: layers.map(({ name, weights }): StoredLayer => ({ name, arrays: weights.map(inMemory) })),
  });
  const weights = new Map<WeightSlot, Numbers>();
  for (const slot of slotsOf(graph.outputs.map(({ value }) => value))) {
    const data = await binding.get(slot)?.read({ layer: slot.layer, onBytes: () => undefined });
    if (data !== undefined) weights.set(slot, data);
  }
  const classes = (kind: LayerSpec['kind']) =>
    allLayers(spec)
      .filter((layer) => layer.kind === kind)
      .map(({ className }) => className);
  return {
    layers: classes('layer'),
    operations: classes('operation'),
    graph,
    weights,
    inputs: graph.inputs.map(({ value: { dtype } }, index) => {
      const { data = [], shape = [] } = inputs[index] ?? {};
      return { data: typed(data, dtype), shape, dtype };
    }),
  };
}

function allLayers(model: ModelSpec): LayerSpec[] {
  const inside = (layer: LayerSpec): LayerSpec[] => [
    layer,
    ...Object.values(layer.wrapped).flat().flatMap(inside),
    ...(layer.model === undefined ? [] : allLayers(layer.model)),
  ];
  return model.layers.flatMap(inside);
}

function inMemory({ shape, data }: JsonTensor, index: number): StoredArray {
  const numbers = Float32Array.from(data, Number);
  return {
    path: `weight_${index}`,
    shape,
    bytes: numbers.byteLength,
    compressed: false,
    read: () => Promise.resolve(numbers),
  };
}

function typed(data: readonly (number | string)[], dtype: DType): Numbers {
  switch (dtype) {
    case 'bool':
      return Uint8Array.from(data, Number);
    case 'int32':
      return Int32Array.from(data, Number);
    case 'int64':
      return BigInt64Array.from(data, BigInt);
    case 'string':
      return data.map(String);
    case 'float32':
      return Float32Array.from(data, Number);
  }
}

/** Why an engine cannot run a case, one reason for each operation of the graph. Empty: it can. */
export function refusalsOn(engine: Engine, { graph }: Prepared): string[] {
  return [...new Set(refusalsOf(engine.name, graph).map(({ reason }) => reason))];
}

export async function outputsOn(
  engine: Engine,
  { graph, weights, inputs }: Prepared,
): Promise<EngineTensor[]> {
  const session = await engine.build(graph, weights, {});
  try {
    return await session.run(inputs);
  } finally {
    await session.dispose();
  }
}

/** Half precision is rounded to 11 or 8 bits. */
const TOLERANCES: Readonly<Record<string, number>> = { bfloat16: 8e-3, float16: 1e-3 };

/** What is wrong with the outputs of a case. Empty: they are those of Keras. */
export function differences(
  actual: readonly EngineTensor[],
  { outputs }: ModelCase,
  tolerance: number,
): string[] {
  return outputs.flatMap(({ shape, data, dtype = 'float32' }, index) => {
    const found = actual[index];
    if (found?.shape.join() !== shape.join())
      return [`output ${index} has shape (${String(found?.shape)}), not (${String(shape)})`];
    if (dtype === 'string')
      return String(found.data) === data.join() ? [] : [`output ${index} is another text`];
    const expected = data.map(Number);
    const greatest = Math.max(1e-3, ...expected.filter(Number.isFinite).map(Math.abs));
    const most = Math.max(tolerance, TOLERANCES[dtype] ?? 0) * greatest;
    return expected.flatMap((wanted, at) => {
      const number = Number(found.data[at]);
      return Object.is(number, wanted) || number === wanted || Math.abs(number - wanted) <= most
        ? []
        : [`output ${index}[${at}] is ${number}, not ${wanted}`];
    });
  });
}
