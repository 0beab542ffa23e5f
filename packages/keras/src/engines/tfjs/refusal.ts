import type { Operation } from '../../graph/operations.js';

/** Why TensorFlow.js cannot run an operation as the graph means it. `undefined`: it can. */
export function refusal(operation: Operation): string | undefined {
  switch (operation.op) {
    case 'unary':
      return operation.fn === 'asBfloat16' || operation.fn === 'asFloat16'
        ? 'it has no half precision'
        : undefined;
    case 'lookup':
      return 'it has no lookup in a vocabulary';
    case 'conv': {
      const rank = operation.kernel.shape.length - 2;
      const holes = operation.dilations.some((dilation) => dilation !== 1);
      if (rank === 3 && holes) return 'it has no dilated convolution in three dimensions';
      const moves = operation.strides.some((stride) => stride !== 1);
      return holes && moves ? 'its convolutions are not dilated and strided at once' : undefined;
    }
    case 'convTranspose':
      return operation.dilations.some((dilation) => dilation !== 1)
        ? 'it has no dilated transposed convolution'
        : undefined;
    case 'pool': {
      const explicit =
        operation.padding !== 'same' && operation.padding.flat().some((length) => length !== 0);
      if (explicit) return 'its pooling pads only as much as the output needs';
      return operation.dilations.some((dilation) => dilation !== 1)
        ? 'its pooling is not dilated'
        : undefined;
    }
    default:
      return undefined;
  }
}
