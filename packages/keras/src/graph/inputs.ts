import type { Dimension, GruOperation, LstmOperation, Operation, RnnOperation, Value } from './operations.js';

/** The values that an operation reads directly. */
export function inputsOf(operation: Operation): Value[] {
  switch (operation.op) {
    case 'unary':
    case 'leakyRelu':
    case 'elu':
    case 'gelu':
    case 'clip':
    case 'cast':
    case 'pool':
    case 'reduce':
    case 'argReduce':
    case 'softmax':
    case 'transpose':
    case 'tile':
    case 'slice':
    case 'pad':
    case 'cumulativeSum':
    case 'resize':
    case 'lookup':
      return [operation.x];
    case 'topK':
      return [operation.x, ...measured(operation.k)];
    case 'reshape':
    case 'expand':
      return [operation.x, ...operation.shape.flatMap(measured)];
    case 'binary':
    case 'compare':
    case 'matMul':
      return [operation.a, operation.b];
    case 'where':
      return [operation.condition, operation.a, operation.b];
    case 'einsum':
    case 'concat':
      return [...operation.inputs];
    case 'conv':
    case 'convTranspose':
      return given(operation.x, operation.kernel, operation.bias);
    case 'layerNormalization':
      return given(operation.x, operation.scale, operation.bias);
    case 'gather':
    case 'gatherElements':
      return [operation.x, operation.indices];
    case 'length':
      return measured(operation.of);
    case 'range':
      return measured(operation.length);
    case 'lstm':
      return given(
        operation.x,
        operation.kernel,
        operation.recurrent,
        operation.bias,
        operation.h,
        operation.c,
      );
    case 'gru':
    case 'rnn':
      return given(operation.x, operation.kernel, operation.recurrent, operation.bias, operation.h);
    case 'scan':
      return [
        ...operation.states,
        ...operation.sequences,
        ...operation.body.nextStates,
        ...operation.body.rows,
      ];
  }
}

/** The value whose length must be known, if the length is not a number. */
function measured(length: Dimension): Value[] {
  return typeof length === 'number' ? [] : [length.of];
}

function given(...values: (Value | undefined)[]): Value[] {
  return values.filter((value) => value !== undefined);
}

/** The same operation on other inputs. `scan` keeps its body, which refers to values outside by itself. */
export function withInputs(operation: Operation, map: (value: Value) => Value): Operation {
  const optional = (value: Value | undefined) => (value === undefined ? undefined : map(value));
  const lengths = (shape: readonly Dimension[]) => shape.map(length);
  const length = (one: Dimension): Dimension => (typeof one === 'number' ? one : { ...one, of: map(one.of) });
  switch (operation.op) {
    case 'unary':
    case 'leakyRelu':
    case 'elu':
    case 'gelu':
    case 'clip':
    case 'cast':
    case 'pool':
    case 'reduce':
    case 'argReduce':
    case 'softmax':
    case 'transpose':
    case 'tile':
    case 'slice':
    case 'pad':
    case 'topK':
    case 'cumulativeSum':
    case 'resize':
    case 'lookup':
      return { ...operation, x: map(operation.x) };
    case 'reshape':
    case 'expand':
      return { ...operation, x: map(operation.x), shape: lengths(operation.shape) };
    case 'binary':
    case 'compare':
    case 'matMul':
      return { ...operation, a: map(operation.a), b: map(operation.b) };
    case 'where':
      return { ...operation, condition: map(operation.condition), a: map(operation.a), b: map(operation.b) };
    case 'einsum':
    case 'concat':
      return { ...operation, inputs: operation.inputs.map(map) };
    case 'conv':
    case 'convTranspose':
      return {
        ...operation,
        x: map(operation.x),
        kernel: map(operation.kernel),
        bias: optional(operation.bias),
      };
    case 'layerNormalization':
      return {
        ...operation,
        x: map(operation.x),
        scale: map(operation.scale),
        bias: optional(operation.bias),
      };
    case 'gather':
    case 'gatherElements':
      return { ...operation, x: map(operation.x), indices: map(operation.indices) };
    case 'length':
      return { ...operation, of: length(operation.of) };
    case 'range':
      return { ...operation, length: length(operation.length) };
    case 'lstm':
      return { ...recurrentOn(operation, map), c: optional(operation.c) };
    case 'gru':
    case 'rnn':
      return recurrentOn(operation, map);
    case 'scan':
      return { ...operation, states: operation.states.map(map), sequences: operation.sequences.map(map) };
  }
}

function recurrentOn<T extends LstmOperation | GruOperation | RnnOperation>(
  operation: T,
  map: (value: Value) => Value,
): T {
  const { x, kernel, recurrent, bias, h } = operation;
  return {
    ...operation,
    x: map(x),
    kernel: map(kernel),
    recurrent: map(recurrent),
    bias: bias === undefined ? undefined : map(bias),
    h: h === undefined ? undefined : map(h),
  };
}
