import type { EngineTensor } from '../../src/engines/engine.js';
import { Builder } from '../../src/graph/builder.js';
import type { ModelGraph } from '../../src/graph/model-graph.js';
import { type DType, newValue, type Numbers, type Value, type WeightSlot } from '../../src/graph/value.js';
import type { Case, Given } from './operation-cases.js';

/** The graph of a case, with all that it needs to run. The first length of each input is unknown to the graph. */
export function toGraph(
  given: readonly Given[],
  make: Case['make'],
): { graph: ModelGraph; weights: Map<WeightSlot, Numbers>; inputs: EngineTensor[] } {
  const weights = new Map<WeightSlot, Numbers>();
  const inputs: EngineTensor[] = [];
  const named: ModelGraph['inputs'][number][] = [];
  const values = given.map(({ shape, dtype, data, known }, index): Value => {
    const name = `input_${index}`;
    const numbers = toNumbers(data, dtype);
    if (known) {
      const slot: WeightSlot = { name, layer: 'layer', shape, dtype, convolution: false };
      weights.set(slot, numbers);
      return newValue(shape, dtype, { kind: 'weight', slot });
    }
    const [first, ...rest] = shape;
    const value = newValue(first === undefined ? [] : [null, ...rest], dtype, { kind: 'input', name });
    inputs.push({ data: numbers, shape, dtype });
    named.push({ name, value });
    return value;
  });
  const outputs = [make(new Builder(), ...values)].flat();
  return {
    graph: { inputs: named, outputs: outputs.map((value, index) => ({ name: `output_${index}`, value })) },
    weights,
    inputs,
  };
}

function toNumbers(data: Given['data'], dtype: DType): Numbers {
  const numbers = data.map(Number);
  switch (dtype) {
    case 'float32':
      return Float32Array.from(numbers);
    case 'int32':
      return Int32Array.from(numbers);
    case 'int64':
      return BigInt64Array.from(numbers, (number) => BigInt(number));
    case 'bool':
      return Uint8Array.from(numbers);
    case 'string':
      return data.map(String);
  }
}
