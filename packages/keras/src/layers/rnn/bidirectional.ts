import type { LayerSpec } from '../../config/model-spec.js';
import { GraphError } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { type LayerCall, type Lowered, type Masked, runs } from '../layer.js';
import { choice } from '../settings.js';
import { recurrentInputs } from './recurrent.js';

/** Runs a layer forwards and another one backwards, and joins their outputs. */
function bidirectional(call: LayerCall): Lowered {
  const { build, wrapped } = call;
  const [layer] = wrapped['layer'] ?? [];
  if (layer === undefined) throw new GraphError('it has no layer inside');
  const forward = zeroing(layer, `forward_${bareName(layer)}`);
  const given = wrapped['backward_layer']?.[0];
  const backward = given === undefined ? reversed(forward) : zeroing(given, given.name);
  checkLayers(forward, backward);
  const { x, mask, outputMask, initial } = recurrentInputs(call);
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
  const masks = sequences ? [outputMask, outputMask] : [];
  const rest = [...states, ...statesBack].map(({ value }) => value);
  if (call.config['merge_mode'] === null) return { values: [y.value, back, ...rest], masks };
  return { values: [merged(call, y.value, back), ...rest], masks: masks.slice(0, 1) };
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

/** If a layer returns all outputs, those of steps that do not count are zeros here, whatever its setting says. */
function zeroing(layer: LayerSpec, name: string): LayerSpec {
  const { settings } = layer;
  return {
    ...layer,
    name,
    settings: { ...settings, zero_output_for_mask: settings['return_sequences'] === true },
  };
}

/** The layer for the other direction, which the configuration leaves out if it is the same. */
function reversed(layer: LayerSpec): LayerSpec {
  const { settings } = layer;
  return {
    ...layer,
    name: `backward_${bareName(layer)}`,
    settings: { ...settings, go_backwards: settings['go_backwards'] !== true },
  };
}

/** Weights are named after the direction, which not every version states in the name of the layer. */
function bareName({ name }: LayerSpec): string {
  return name.replace(/^forward_/u, '');
}

/** Keras does not make such a layer. Source: `Bidirectional._verify_layer_config`. */
function checkLayers(forward: LayerSpec, backward: LayerSpec): void {
  const has = ({ settings }: LayerSpec, key: string) => settings[key] === true;
  if (has(forward, 'go_backwards') === has(backward, 'go_backwards'))
    throw new GraphError('its two layers must have different directions');
  for (const key of ['return_sequences', 'return_state', 'stateful']) {
    if (has(forward, key) !== has(backward, key))
      throw new GraphError(`its two layers must have the same ${key}`);
  }
}

export const BIDIRECTIONAL = {
  Bidirectional: runs(bidirectional),
};
