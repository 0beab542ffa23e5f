import { inputsOf } from './inputs.js';
import type { Operation } from './operations.js';
import type { Value, WeightSlot } from './value.js';

/** A graph with names for what goes in and out. It is all that an engine knows of a model. */
export interface ModelGraph {
  inputs: readonly NamedValue[];
  outputs: readonly NamedValue[];
}

export interface NamedValue {
  name: string;
  value: Value;
}

/**
 * Lists the operations that the outputs need, each after those that it depends on.
 *
 * @param isKnown Says which values need not be computed.
 */
export function operationsOf(
  outputs: readonly Value[],
  isKnown: (value: Value) => boolean = () => false,
): Operation[] {
  const sorted: Operation[] = [];
  const seen = new Set<Operation>();
  const stack: { operation: Operation; open: boolean }[] = [];
  const push = (value: Value) => {
    if (value.source.kind !== 'operation' || seen.has(value.source.operation) || isKnown(value)) return;
    stack.push({ operation: value.source.operation, open: false });
  };
  for (const value of [...outputs].reverse()) push(value);
  // Not recursive, because a chain may have any length.
  while (stack.length > 0) {
    const top = stack.at(-1);
    if (top === undefined) break;
    if (top.open || seen.has(top.operation)) {
      stack.pop();
      if (seen.has(top.operation)) continue;
      seen.add(top.operation);
      sorted.push(top.operation);
      continue;
    }
    top.open = true;
    for (const input of inputsOf(top.operation)) push(input);
  }
  return sorted;
}

/** The weights that the outputs need. */
export function slotsOf(outputs: readonly Value[]): Set<WeightSlot> {
  const slots = new Set<WeightSlot>();
  const add = ({ source }: Value) => {
    if (source.kind === 'weight') slots.add(source.slot);
  };
  outputs.forEach(add);
  for (const operation of operationsOf(outputs)) inputsOf(operation).forEach(add);
  return slots;
}
