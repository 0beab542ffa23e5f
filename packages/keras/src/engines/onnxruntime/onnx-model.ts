import { Constants } from '../../graph/evaluate.js';
import { foldFactors } from '../../graph/fold-factors.js';
import type { ModelGraph } from '../../graph/model-graph.js';
import type { Numbers, WeightSlot } from '../../graph/value.js';
import { layoutRule } from './layout.js';
import { lowerings } from './lowerings.js';
import type { OnnxModel } from './onnx-message.js';
import { type FedWeight, onnxValue, OnnxWriter } from './onnx-writer.js';

/** ONNX's operator set. 21 is the first with all that we write and that ONNX Runtime 1.22 knows. */
const OPSET = 21;

/** A model in ONNX, and the weights that are given to each run. */
export interface WrittenModel {
  model: OnnxModel;
  fed: readonly FedWeight[];
  /** Names of inputs and outputs in the model, in the order of the graph. */
  inputs: readonly string[];
  outputs: readonly string[];
}

/**
 * Writes a graph as an ONNX model.
 *
 * @param feedFrom Matrices of this size or more, in bytes, become inputs instead of constants of the model.
 */
export function writeOnnx(
  given: ModelGraph,
  weights: ReadonlyMap<WeightSlot, Numbers>,
  feedFrom = Infinity,
): WrittenModel {
  const constants = new Constants((slot) => {
    const data = weights.get(slot);
    if (data === undefined) throw new Error(`the weight ${slot.layer}/${slot.name} was not read`);
    return data;
  });
  const graph = foldFactors(given, constants);
  const writer = OnnxWriter.forModel(constants, { layoutOf: layoutRule, lower: lowerings }, feedFrom);
  const inputs = graph.inputs.map(({ name, value }) => {
    writer.define(value, name);
    return onnxValue(name, value);
  });
  const taken = new Set(inputs.map(({ name }) => name));
  const outputs = graph.outputs.map(({ name, value }) => {
    let own = name;
    for (let copy = 1; taken.has(own); copy++) own = `${name}_${copy}`;
    taken.add(own);
    writer.output(value, own);
    return onnxValue(own, value);
  });
  return {
    model: {
      opset: OPSET,
      usesMl: writer.usesMl,
      graph: {
        name: 'keras',
        nodes: writer.nodes,
        initializers: writer.initializers,
        inputs: [
          ...inputs,
          ...writer.fed.map(({ name, shape }) => ({ name, shape, type: 'float32' as const })),
        ],
        outputs,
      },
    },
    fed: writer.fed,
    inputs: inputs.map(({ name }) => name),
    outputs: outputs.map(({ name }) => name),
  };
}
