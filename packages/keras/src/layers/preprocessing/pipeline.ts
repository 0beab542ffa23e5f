import { type LayerCall, type Lowered, type Masked, runs } from '../layer.js';
import { groupNames } from '../lower-model.js';

/** Calls layers one after the other. Source: `keras/src/layers/preprocessing/pipeline.py`. */
function pipeline(call: LayerCall): Lowered {
  const layers = call.wrapped['layers'] ?? [];
  const groups = groupNames(layers);
  let outputs: readonly Masked[] = call.inputs.map((value, index) => ({ value, mask: call.masks[index] }));
  for (const layer of layers)
    outputs = call.call(layer, `layers/${groups.get(layer) ?? layer.name}`, outputs);
  return { values: outputs.map(({ value }) => value), masks: outputs.map(({ mask }) => mask) };
}

export const PIPELINE = { Pipeline: runs(pipeline) };
