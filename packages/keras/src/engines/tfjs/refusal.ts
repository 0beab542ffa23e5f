import { inputsOf } from '../../graph/inputs.js';
import type { Operation } from '../../graph/operations.js';
import { fitsInt32 } from './int64.js';

/** Some kernels take no more. */
const MOST_DIMENSIONS = 6;

/**
 * Why TensorFlow.js cannot run an operation as the graph means it. `undefined`: it can. All its backends have the kernels
 * that are used.
 */
export function refusal(operation: Operation): string | undefined {
  return unfitInputs(operation) ?? unfitSettings(operation);
}

function unfitInputs(operation: Operation): string | undefined {
  const inputs = inputsOf(operation);
  if (inputs.some(({ dtype }) => dtype === 'string') && !takesText(operation))
    return 'it cannot compute with text';
  if (inputs.some(({ shape }) => shape.length > MOST_DIMENSIONS))
    return `its operations take ${MOST_DIMENSIONS} dimensions or fewer`;
  const wide = inputs.some(
    ({ source, dtype }) => dtype === 'int64' && source.kind === 'literal' && !fitsInt32(source.data),
  );
  return wide ? 'it has no integers of more than 32 bits' : undefined;
}

function takesText({ op }: Operation): boolean {
  return op === 'lookup' || op === 'reshape' || op === 'concat';
}

function unfitSettings(operation: Operation): string | undefined {
  switch (operation.op) {
    case 'einsum': {
      const [terms = ''] = operation.equation.split('->');
      const twice = terms.split(',').some((letters) => new Set(letters).size < letters.length);
      return twice ? `the equation ${operation.equation} names a letter twice in one operand` : undefined;
    }
    case 'lookup': {
      const numbers = [...operation.keys, ...operation.values, operation.otherwise].filter(
        (entry) => typeof entry === 'number',
      );
      return fitsInt32(numbers) ? undefined : 'it has no integers of more than 32 bits';
    }
    case 'pool':
      return operation.dilations.some((dilation) => dilation !== 1)
        ? 'its pooling is not dilated'
        : undefined;
    case 'reshape':
    case 'expand':
      return operation.shape.length > MOST_DIMENSIONS
        ? `its operations take ${MOST_DIMENSIONS} dimensions or fewer`
        : undefined;
    default:
      return undefined;
  }
}
