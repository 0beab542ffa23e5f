import { inputsOf } from '../../graph/inputs.js';
import type { Operation } from '../../graph/operations.js';
import type { Value } from '../../graph/value.js';
import type { Layout, OnnxWriter } from './onnx-writer.js';

/**
 * Chooses the layout in which an operation works and in which its output is. Window operations need channels first.
 * Operations that can work in both take the one that more of their inputs have, so that fewer must be transposed.
 */
export function layoutRule(writer: OnnxWriter, operation: Operation, output: Value): Layout {
  switch (operation.op) {
    case 'conv':
    case 'convTranspose':
    case 'pool':
    case 'resize':
      return 'first';
    case 'unary':
    case 'leakyRelu':
    case 'elu':
    case 'gelu':
    case 'clip':
    case 'cast':
    case 'softmax':
    case 'pad':
    case 'slice':
    case 'reduce':
    case 'tile':
    case 'cumulativeSum':
      return majority(writer, inputsOf(operation), operation.x.shape.length);
    case 'binary':
    case 'compare':
    case 'where':
    case 'concat':
      return majority(writer, inputsOf(operation), output.shape.length);
    default:
      return 'last';
  }
}

function majority(writer: OnnxWriter, inputs: readonly Value[], rank: number): Layout {
  if (rank < 3) return 'last';
  let first = 0;
  let last = 0;
  for (const input of inputs) {
    const layouts = writer.layouts(input);
    if (layouts.constant || input.shape.length < 2) continue;
    // A value of fewer dimensions would have to be transposed too.
    if (input.shape.length < rank) last++;
    else if (layouts.first && !layouts.last) first++;
    else if (layouts.last && !layouts.first) last++;
  }
  return first > 0 && first >= last ? 'first' : 'last';
}
