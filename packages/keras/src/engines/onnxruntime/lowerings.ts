import type { BinaryFunction, Comparison, Operation, UnaryFunction } from '../../graph/operations.js';
import type { DType, Value } from '../../graph/value.js';
import type { OnnxAttribute } from './onnx-message.js';
import { axisIn, type Layout, moveAxis, type OnnxWriter } from './onnx-writer.js';
import { gru, lstm, rnn } from './recurrent.js';
import { conv, convTranspose, pool } from './windows.js';

/**
 * Writes an operation as ONNX nodes of operator set 21.
 *
 * @param layout Layout in which the operation works, as `layoutRule` chose it.
 * @param output The first output, for its shape.
 * @returns Names of the outputs.
 */
export function lowerings(
  writer: OnnxWriter,
  operation: Operation,
  layout: Layout,
  output: Value,
): readonly string[] {
  const name = (value: Value) => writer.nameOfRank(value, output.shape.length, layout);
  const axis = (at: number, rank = output.shape.length) => axisIn(layout, at, rank);
  const one = (op: string, inputs: readonly string[], attributes: Record<string, OnnxAttribute> = {}) => [
    writer.emit(op, inputs, attributes),
  ];
  switch (operation.op) {
    case 'unary':
      return [unary(writer, operation.fn, name(operation.x), output.dtype)];
    case 'binary':
      return [binary(writer, operation.fn, name(operation.a), name(operation.b), output.dtype)];
    case 'compare':
      return [compare(writer, operation.fn, operation.a.dtype, name(operation.a), name(operation.b))];
    case 'leakyRelu':
      return one('LeakyRelu', [name(operation.x)], { alpha: { float: operation.alpha } });
    case 'elu':
      return one('Elu', [name(operation.x)], { alpha: { float: operation.alpha } });
    case 'gelu':
      return one('Gelu', [name(operation.x)], { approximate: operation.approximate ? 'tanh' : 'none' });
    case 'clip': {
      const limit = (value: number) =>
        Number.isFinite(value) ? writer.number(value, operation.x.dtype) : '';
      return one('Clip', [name(operation.x), limit(operation.min), limit(operation.max)]);
    }
    case 'where': {
      // ONNX Runtime has no Where for booleans.
      if (output.dtype !== 'bool')
        return one('Where', [name(operation.condition), name(operation.a), name(operation.b)]);
      const [a, b] = [operation.a, operation.b].map((value) => cast(writer, name(value), 'int32'));
      return [cast(writer, writer.emit('Where', [name(operation.condition), a ?? '', b ?? '']), 'bool')];
    }
    case 'cast':
      return [cast(writer, name(operation.x), operation.dtype)];
    case 'matMul':
      return one('MatMul', [writer.name(operation.a), writer.name(operation.b)]);
    case 'einsum':
      return one(
        'Einsum',
        operation.inputs.map((input) => writer.name(input)),
        { equation: operation.equation },
      );
    case 'conv':
      return conv(writer, operation);
    case 'convTranspose':
      return convTranspose(writer, operation);
    case 'pool':
      return pool(writer, operation);
    case 'reduce': {
      const { rank } = { rank: operation.x.shape.length };
      const axes = operation.axes.map((at) => axisIn(layout, at, rank));
      return one(REDUCE[operation.fn], [writer.name(operation.x, layout), writer.integers(axes)], {
        keepdims: operation.keepDims ? 1 : 0,
      });
    }
    case 'argReduce': {
      const input =
        operation.x.dtype === 'int64'
          ? cast(writer, writer.name(operation.x), 'int32')
          : writer.name(operation.x);
      const found = writer.emit(operation.fn === 'max' ? 'ArgMax' : 'ArgMin', [input], {
        axis: operation.axis,
        keepdims: operation.keepDims ? 1 : 0,
      });
      return [cast(writer, found, 'int32')];
    }
    case 'softmax':
      return one('Softmax', [name(operation.x)], { axis: axis(operation.axis) });
    case 'layerNormalization': {
      const inputs = [
        operation.x,
        operation.scale,
        ...(operation.bias === undefined ? [] : [operation.bias]),
      ];
      return one(
        'LayerNormalization',
        inputs.map((input) => writer.name(input)),
        { axis: operation.axis, epsilon: { float: operation.epsilon } },
      );
    }
    case 'reshape':
      return one('Reshape', [writer.name(operation.x), reshapeTo(writer, operation.x, operation.shape)], {
        allowzero: operation.shape.includes(0) ? 1 : 0,
      });
    case 'transpose':
      return one('Transpose', [writer.name(operation.x)], { perm: operation.permutation });
    case 'expand':
      return one('Expand', [writer.name(operation.x), writer.shapeOf(operation.shape)]);
    case 'tile':
      return one('Tile', [name(operation.x), writer.integers(ordered(operation.repeats, layout))]);
    case 'concat':
      return one(
        'Concat',
        operation.inputs.map((input) => name(input)),
        { axis: axis(operation.axis) },
      );
    case 'slice': {
      const { ranges } = operation;
      const list = (numbers: readonly number[]) => writer.integers(numbers);
      return one('Slice', [
        name(operation.x),
        list(ranges.map(({ start }) => start)),
        list(ranges.map(({ end, step }) => end ?? (step > 0 ? FAR : -FAR))),
        list(ranges.map((range) => axis(range.axis))),
        list(ranges.map(({ step }) => step)),
      ]);
    }
    case 'pad': {
      const padding = ordered(operation.padding, layout);
      const pads = [...padding.map(([before]) => before), ...padding.map(([, after]) => after)];
      const x = name(operation.x);
      const bool = operation.x.dtype === 'bool';
      const input = bool ? cast(writer, x, 'int32') : x;
      const value = writer.number(operation.value, bool ? 'int32' : operation.x.dtype);
      const padded = writer.emit('Pad', [input, writer.integers(pads), value], { mode: operation.mode });
      return [bool ? cast(writer, padded, 'bool') : padded];
    }
    case 'gather':
      return one('Gather', [writer.name(operation.x), writer.name(operation.indices)], {
        axis: operation.axis,
      });
    case 'gatherElements':
      return one('GatherElements', [writer.name(operation.x), writer.name(operation.indices)], {
        axis: operation.axis,
      });
    case 'topK': {
      const [values = '', indices = ''] = writer.emitAll(
        'TopK',
        [writer.name(operation.x), writer.lengthOf(operation.k)],
        { axis: -1 },
        2,
      );
      return [values, cast(writer, indices, 'int32')];
    }
    case 'cumulativeSum':
      return one('CumSum', [name(operation.x), writer.number(axis(operation.axis), 'int32')], {
        reverse: operation.reverse ? 1 : 0,
      });
    case 'length': {
      const length = writer.emit('Squeeze', [writer.lengthOf(operation.of), writer.integers([0])]);
      return [cast(writer, length, 'int32')];
    }
    case 'range': {
      const length = writer.emit('Squeeze', [writer.lengthOf(operation.length), writer.integers([0])]);
      return one('Range', [
        writer.number(0, 'int32'),
        cast(writer, length, 'int32'),
        writer.number(1, 'int32'),
      ]);
    }
    case 'resize': {
      const x = writer.name(operation.x, 'first');
      const channels = writer.lengthOf(operation.x.shape[3] ?? 1);
      const sizes = writer.emit(
        'Concat',
        [writer.lengthOf(operation.x.shape[0] ?? 1), channels, writer.integers(operation.size)],
        { axis: 0 },
      );
      return one('Resize', [x, '', '', sizes], {
        mode: 'linear',
        coordinate_transformation_mode: 'half_pixel',
      });
    }
    case 'lookup':
      return [lookup(writer, operation)];
    case 'lstm':
      return lstm(writer, operation);
    case 'gru':
      return gru(writer, operation);
    case 'rnn':
      return rnn(writer, operation);
    case 'scan': {
      const { body } = operation;
      const graph = writer.body([...body.states, ...body.entries], [...body.nextStates, ...body.rows]);
      const inputs = [...operation.states, ...operation.sequences].map((input) => writer.name(input));
      return writer.emitAll(
        'Scan',
        inputs,
        { body: { graph }, num_scan_inputs: operation.sequences.length },
        operation.states.length + body.rows.length,
      );
    }
  }
}

/** Beyond the end of every axis. */
const FAR = 2 ** 52;

const UNARY: Readonly<Record<Exclude<UnaryFunction, 'asFloat16' | 'asBfloat16'>, string>> = {
  abs: 'Abs',
  acos: 'Acos',
  acosh: 'Acosh',
  asin: 'Asin',
  asinh: 'Asinh',
  atan: 'Atan',
  atanh: 'Atanh',
  ceil: 'Ceil',
  cos: 'Cos',
  cosh: 'Cosh',
  erf: 'Erf',
  exp: 'Exp',
  floor: 'Floor',
  isInfinite: 'IsInf',
  isNaN: 'IsNaN',
  log: 'Log',
  negative: 'Neg',
  not: 'Not',
  reciprocal: 'Reciprocal',
  relu: 'Relu',
  round: 'Round',
  sigmoid: 'Sigmoid',
  sign: 'Sign',
  sin: 'Sin',
  sinh: 'Sinh',
  softplus: 'Softplus',
  sqrt: 'Sqrt',
  tan: 'Tan',
  tanh: 'Tanh',
};

const BINARY: Readonly<Record<Exclude<BinaryFunction, 'floorMod' | 'truncatedMod'>, string>> = {
  add: 'Add',
  bitAnd: 'BitwiseAnd',
  divide: 'Div',
  maximum: 'Max',
  minimum: 'Min',
  multiply: 'Mul',
  power: 'Pow',
  quotient: 'Div',
  subtract: 'Sub',
};

const COMPARE: Readonly<Record<Comparison, string>> = {
  and: 'And',
  equal: 'Equal',
  greater: 'Greater',
  greaterOrEqual: 'GreaterOrEqual',
  less: 'Less',
  lessOrEqual: 'LessOrEqual',
  or: 'Or',
  xor: 'Xor',
};

const REDUCE = {
  max: 'ReduceMax',
  mean: 'ReduceMean',
  min: 'ReduceMin',
  product: 'ReduceProd',
  sum: 'ReduceSum',
} as const;

const SHORT = { asFloat16: 10, asBfloat16: 16 } as const;

function unary(writer: OnnxWriter, fn: UnaryFunction, x: string, dtype: DType): string {
  // ONNX Runtime has no Relu for integers of 64 bits.
  if (fn === 'relu' && dtype !== 'float32') return writer.emit('Max', [x, writer.number(0, dtype)]);
  if (fn !== 'asFloat16' && fn !== 'asBfloat16') return writer.emit(UNARY[fn], [x]);
  return cast(writer, writer.emit('Cast', [x], { to: SHORT[fn] }), 'float32');
}

function binary(writer: OnnxWriter, fn: BinaryFunction, a: string, b: string, dtype: DType): string {
  if (fn === 'truncatedMod') return writer.emit('Mod', [a, b], { fmod: 1 });
  if (fn !== 'floorMod') return writer.emit(BINARY[fn], [a, b]);
  if (dtype !== 'float32') return writer.emit('Mod', [a, b], { fmod: 0 });
  // ONNX's Mod of floats takes the sign of the dividend. If that is not the sign of the divisor, add the divisor.
  const rest = writer.emit('Mod', [a, b], { fmod: 1 });
  const zero = writer.number(0, dtype);
  const [restBelow, divisorBelow] = [writer.emit('Less', [rest, zero]), writer.emit('Less', [b, zero])];
  const differs = writer.emit('And', [
    writer.emit('Xor', [restBelow, divisorBelow]),
    writer.emit('Not', [writer.emit('Equal', [rest, zero])]),
  ]);
  return writer.emit('Where', [differs, writer.emit('Add', [rest, b]), rest]);
}

function compare(writer: OnnxWriter, fn: Comparison, dtype: DType, a: string, b: string): string {
  // ONNX orders numbers only.
  const ordered = fn !== 'equal' && fn !== 'and' && fn !== 'or' && fn !== 'xor';
  if (!ordered || dtype !== 'bool') return writer.emit(COMPARE[fn], [a, b]);
  return writer.emit(COMPARE[fn], [cast(writer, a, 'int32'), cast(writer, b, 'int32')]);
}

const ONNX_TYPE: Readonly<Record<DType, number>> = { float32: 1, int32: 6, int64: 7, string: 8, bool: 9 };

function cast(writer: OnnxWriter, name: string, dtype: DType): string {
  return writer.emit('Cast', [name], { to: ONNX_TYPE[dtype] });
}

/** The shape for ONNX's Reshape: 0 keeps a length, -1 stands for the rest. */
function reshapeTo(writer: OnnxWriter, x: Value, shape: readonly Value['shape'][number][]): string {
  const unknown = shape.filter((length) => typeof length !== 'number');
  if (shape.includes(0)) return writer.shapeOf(shape);
  if (unknown.length === 0) return writer.integers(shape.map(Number));
  const numbers = shape.map((length, axis) => {
    if (typeof length === 'number') return length;
    const source = x.shape[axis];
    if (typeof source === 'object' && source.of === length.of && source.axis === length.axis) return 0;
    return unknown.length === 1 && !shape.includes(-1) ? -1 : undefined;
  });
  return numbers.every((number) => number !== undefined) ? writer.integers(numbers) : writer.shapeOf(shape);
}

function ordered<T>(entries: readonly T[], layout: Layout): T[] {
  if (layout === 'last' || entries.length < 3) return [...entries];
  return moveAxis(entries.length, 'first').flatMap((axis) => entries.slice(axis, axis + 1));
}

function lookup(writer: OnnxWriter, { x, keys, values, otherwise }: Operation & { op: 'lookup' }): string {
  const list = (
    side: 'keys' | 'values',
    entries: readonly (string | number)[],
  ): Record<string, OnnxAttribute> => {
    const strings = entries.filter((entry) => typeof entry === 'string');
    if (strings.length === entries.length && strings.length > 0) return { [`${side}_strings`]: { strings } };
    return { [`${side}_int64s`]: entries.map(Number) };
  };
  const fallback: Record<string, OnnxAttribute> =
    typeof otherwise === 'string' ? { default_string: otherwise } : { default_int64: otherwise };
  return writer.emit(
    'LabelEncoder',
    [writer.name(x)],
    { ...list('keys', keys), ...list('values', values), ...fallback },
    'ai.onnx.ml',
  );
}
