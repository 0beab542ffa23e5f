import { ConfigError } from './json.js';
import { type CallSpec, type ModelSpec, type TensorReference, tensorsOf } from './model-spec.js';

/**
 * Brings the calls of a model into an order in which each comes after those that it depends on, and leaves out those
 * that no output needs.
 *
 * @throws {ConfigError} When a call refers to nothing, or depends on itself.
 */
export function ordered(
  model: string,
  calls: readonly CallSpec[],
  ends: { inputs: readonly TensorReference[]; outputs: readonly TensorReference[] },
): Pick<ModelSpec, 'calls' | 'inputs' | 'outputs'> {
  const numbering = numberingOf(calls, ends);
  const byKey = new Map(calls.map((call) => [keyOf(call.layer.name, call.index), call]));
  const sorted: CallSpec[] = [];
  const state = new Map<CallSpec, 'open' | 'done'>();
  const find = (reference: TensorReference, from: string): CallSpec => {
    const { layer, call } = numbering(reference);
    const found = byKey.get(keyOf(layer, call));
    if (found === undefined)
      throw new ConfigError(`takes its input from call ${call} of ${layer}, which is not in the model`, from);
    return found;
  };
  // Not recursive, because a chain may have any length.
  const stack = [...ends.outputs, ...ends.inputs].reverse().map((reference) => find(reference, model));
  while (stack.length > 0) {
    const call = stack.at(-1);
    if (call === undefined) break;
    if (state.get(call) === 'done') {
      stack.pop();
      continue;
    }
    const sources = sourcesOf(call).map((reference) => find(reference, call.layer.name));
    const missing = sources.filter((source) => state.get(source) !== 'done');
    if (missing.length === 0) {
      state.set(call, 'done');
      sorted.push(rename(call, numbering));
      stack.pop();
      continue;
    }
    state.set(call, 'open');
    const loop = missing.find((source) => state.get(source) === 'open');
    if (loop !== undefined)
      throw new ConfigError(`depends on itself, through ${loop.layer.name}`, call.layer.name);
    stack.push(...missing);
  }
  return { calls: sorted, inputs: ends.inputs.map(numbering), outputs: ends.outputs.map(numbering) };
}

function sourcesOf({ args, kwargs }: CallSpec): TensorReference[] {
  return [...args, ...Object.values(kwargs)].flatMap(tensorsOf);
}

/**
 * In Keras 2, a nested model has a call of its own, from when it was made, which the file does not list but counts. So
 * references to its calls may begin with 1.
 */
function numberingOf(
  calls: readonly CallSpec[],
  ends: { inputs: readonly TensorReference[]; outputs: readonly TensorReference[] },
): (reference: TensorReference) => TensorReference {
  const count = new Map<string, number>();
  for (const { layer } of calls) count.set(layer.name, (count.get(layer.name) ?? 0) + 1);
  const nested = new Set(
    calls.filter(({ layer }) => layer.model !== undefined).map(({ layer }) => layer.name),
  );
  const greatest = new Map<string, number>();
  for (const { layer, call } of [...calls.flatMap(sourcesOf), ...ends.inputs, ...ends.outputs])
    greatest.set(layer, Math.max(call, greatest.get(layer) ?? 0));
  return (reference) => {
    const { layer, call } = reference;
    const shifted = nested.has(layer) && (greatest.get(layer) ?? 0) >= (count.get(layer) ?? 0);
    return shifted ? { ...reference, call: call - 1 } : reference;
  };
}

function rename(call: CallSpec, numbering: (reference: TensorReference) => TensorReference): CallSpec {
  const renamed = (argument: CallSpec['args'][number]): CallSpec['args'][number] => {
    switch (argument.kind) {
      case 'tensor':
        return { kind: 'tensor', tensor: numbering(argument.tensor) };
      case 'list':
        return { kind: 'list', items: argument.items.map(renamed) };
      case 'value':
        return argument;
    }
  };
  return {
    ...call,
    args: call.args.map(renamed),
    kwargs: Object.fromEntries(Object.entries(call.kwargs).map(([key, value]) => [key, renamed(value)])),
  };
}

function keyOf(layer: string, call: number): string {
  return `${call} ${layer}`;
}
