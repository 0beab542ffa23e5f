import type { LayerSpec } from '../../config/model-spec.js';
import { GraphError } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { type LayerCall, type Lowered, type Masked, runs, UnsupportedError } from '../layer.js';
import { choice } from '../settings.js';
import { recurrentInputs } from './recurrent.js';

/** Runs a layer forwards and another one backwards, and joins their outputs. */
function bidirectional(call: LayerCall): Lowered {
  const { build, wrapped } = call;
  const [forward] = wrapped['layer'] ?? [];
  if (forward === undefined) throw new GraphError('it has no layer inside');
  const backward = wrapped['backward_layer']?.[0] ?? reversed(forward);
  const { x, mask, initial } = recurrentInputs(call);
  const half = initial.length / 2;
  const run = (layer: LayerSpec, attribute: string, states: readonly Value[]) =>
    call.call(layer, attribute, [
      { value: x, mask },
      ...states.map((value): Masked => ({ value, mask: undefined })),
    ]);
  const [y, ...states] = run(forward, 'forward_layer', initial.slice(0, half));
  const [yBack, ...statesBack] = run(backward, 'backward_layer', initial.slice(half));
  if (y === undefined || yBack === undefined) throw new GraphError('the layer inside has no output');
  const sequences = forward.settings['return_sequences'] === true;
  const back = sequences ? build.flip(yBack.value, 1) : yBack.value;
  const outputMask = sequences ? mask : undefined;
  const rest = [...states, ...statesBack].map(({ value }) => value);
  if (call.config['merge_mode'] === null)
    return { values: [y.value, back, ...rest], masks: [outputMask, outputMask] };
  return { values: [merged(call, y.value, back), ...rest], masks: [outputMask] };
}

function merged(call: LayerCall, a: Value, b: Value): Value {
  const { build } = call;
  switch (choice(call, 'merge_mode', ['concat', 'sum', 'ave', 'mul'], 'concat')) {
    case 'concat':
      return build.concat([a, b], -1);
    case 'sum':
      return build.add(a, b);
    case 'ave':
      return build.divide(build.add(a, b), 2);
    case 'mul':
      return build.multiply(a, b);
  }
}

/** The layer for the other direction, which the configuration leaves out if it is the same. */
function reversed(layer: LayerSpec): LayerSpec {
  const { settings } = layer;
  return {
    ...layer,
    name: `backward_${layer.name.replace(/^forward_/u, '')}`,
    settings: { ...settings, go_backwards: settings['go_backwards'] !== true },
  };
}

/**
 * Applies a layer to each step. Batch and time become one dimension, because a layer treats all examples alike.
 */
function timeDistributed(call: LayerCall): Lowered {
  const { build, wrapped, inputs, masks } = call;
  const [layer] = wrapped['layer'] ?? [];
  const [x, ...more] = inputs;
  if (layer === undefined || x === undefined || more.length > 0)
    throw new GraphError('needs a layer and 1 input');
  if (x.shape.length < 3) throw new GraphError('needs an input of at least 3 dimensions');
  const [batch = 1, time = 1, ...rest] = x.shape;
  const flat = build.reshape(x, [-1, ...rest]);
  const [mask] = masks;
  const outputs = call.call(layer, 'layer', [{ value: flat, mask: innerMask(call, mask) }]);
  const values = outputs.map(({ value }) => {
    if (value.shape.length < 1) throw new UnsupportedError('the layer inside joins the examples of a batch');
    return build.reshape(value, [batch, time, ...value.shape.slice(1)]);
  });
  return { values, masks: values.map(() => mask) };
}

/** A mask of more than two dimensions counts for the steps inside each step. */
function innerMask({ build }: LayerCall, mask: Value | undefined): Value | undefined {
  if (mask === undefined || mask.shape.length < 3) return undefined;
  return build.reshape(mask, [-1, ...mask.shape.slice(2)]);
}

export const WRAPPERS = {
  Bidirectional: runs(bidirectional),
  TimeDistributed: runs(timeDistributed),
};
