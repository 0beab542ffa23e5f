import { inputsOf } from './inputs.js';
import { type ModelGraph, operationsOf } from './model-graph.js';
import type { Operation, Value } from './operations.js';

/** Operations that move or convert numbers without changing what they mean. */
const MOVING: readonly Operation['op'][] = [
  'cast',
  'concat',
  'expand',
  'gather',
  'pad',
  'reshape',
  'resize',
  'slice',
  'transpose',
];

/** Operations that do no more than that if all but one of their operands are constants: Resizing becomes such products. */
const RESIZING: readonly Operation['op'][] = ['einsum', 'matMul'];

/**
 * Whether a model subtracts constants from its inputs, or scales them, before it does anything else: by Rescaling or
 * Normalization, or by operations that do the same.
 */
export function scalesInputs({ outputs }: ModelGraph): boolean {
  const moved = new Set<Operation>();
  const isInput = ({ source }: Value): boolean =>
    source.kind === 'input' || (source.kind === 'operation' && moved.has(source.operation));
  return operationsOf(outputs.map(({ value }) => value)).some((operation) => {
    const from = inputsOf(operation);
    if (!from.some(isInput)) return false;
    const others = from.filter((value) => !isInput(value));
    const resizes = RESIZING.includes(operation.op) && others.every(isConstant);
    if (resizes || MOVING.includes(operation.op)) moved.add(operation);
    return operation.op === 'binary' && others.some(isConstant);
  });
}

/** Whether a value is known, or is one of the statistics that a Normalization layer has adapted to its data. */
function isConstant({ source }: Value): boolean {
  switch (source.kind) {
    case 'literal':
      return true;
    case 'weight':
      return source.slot.name === 'mean' || source.slot.name === 'variance';
    case 'operation':
      return inputsOf(source.operation).every(isConstant);
    default:
      return false;
  }
}

/** The activation with which a value was computed, if it gives probabilities. */
export function probabilitiesOf({ source, shape }: Value): 'softmax' | 'sigmoid' | undefined {
  if (source.kind !== 'operation') return undefined;
  const { operation } = source;
  switch (operation.op) {
    case 'softmax':
      return operation.axis === shape.length - 1 ? 'softmax' : undefined;
    case 'unary':
      if (operation.fn === 'sigmoid') return 'sigmoid';
      // A policy of half precision rounds what a layer gives.
      return operation.fn === 'asFloat16' || operation.fn === 'asBfloat16'
        ? probabilitiesOf(operation.x)
        : undefined;
    case 'clip':
      // The forms of the hard sigmoid.
      return operation.min === 0 && operation.max === 1 ? 'sigmoid' : undefined;
    case 'cast':
    case 'reshape':
      return probabilitiesOf(operation.x);
    default:
      return undefined;
  }
}
