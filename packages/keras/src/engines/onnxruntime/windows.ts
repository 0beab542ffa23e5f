import type { Operation, Padding } from '../../graph/operations.js';
import { reach } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import type { OnnxAttribute } from './onnx-message.js';
import type { OnnxWriter } from './onnx-writer.js';

export function conv(writer: OnnxWriter, operation: Operation & { op: 'conv' }): string[] {
  const { x, kernel, bias, groups, strides, dilations, padding } = operation;
  const rank = kernel.shape.length - 2;
  const inputs = [writer.name(x, 'first'), kernelFirst(writer, kernel)];
  if (bias !== undefined) inputs.push(writer.name(bias));
  const size = kernel.shape.slice(0, rank).map(Number);
  return [
    writer.emit('Conv', inputs, {
      kernel_shape: size,
      strides,
      dilations,
      group: groups,
      ...pads(x, size, strides, dilations, padding),
    }),
  ];
}

export function convTranspose(writer: OnnxWriter, operation: Operation & { op: 'convTranspose' }): string[] {
  const { x, kernel, bias, strides, dilations, cut } = operation;
  const rank = kernel.shape.length - 2;
  const inputs = [writer.name(x, 'first'), kernelFirst(writer, kernel)];
  if (bias !== undefined) inputs.push(writer.name(bias));
  return [
    writer.emit('ConvTranspose', inputs, {
      kernel_shape: kernel.shape.slice(0, rank).map(Number),
      strides,
      dilations,
      pads: [...cut.map(([before]) => before), ...cut.map(([, after]) => Math.max(0, after))],
      // What is missing after the end. ONNX computes it as part of the output, and so adds the bias to it.
      output_padding: cut.map(([, after]) => Math.max(0, -after)),
    }),
  ];
}

export function pool(writer: OnnxWriter, operation: Operation & { op: 'pool' }): string[] {
  const { x, size, strides, dilations, padding } = operation;
  return [
    writer.emit(operation.fn === 'max' ? 'MaxPool' : 'AveragePool', [writer.name(x, 'first')], {
      kernel_shape: size,
      strides,
      dilations,
      ...(operation.fn === 'max' ? {} : { count_include_pad: 0 }),
      ...pads(x, size, strides, dilations, padding),
    }),
  ];
}

/** Explicit padding, unless it depends on a length that is known only when the model runs. */
function pads(
  x: Value,
  size: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
  padding: Padding,
): Record<string, OnnxAttribute> {
  const list: (readonly [number, number])[] = [];
  for (const [axis, entries] of size.entries()) {
    if (padding !== 'same') {
      list.push(padding[axis] ?? [0, 0]);
      continue;
    }
    const length = x.shape[axis + 1];
    const stride = strides[axis] ?? 1;
    const window = reach(entries, dilations[axis] ?? 1);
    if (typeof length !== 'number' && stride !== 1) return { auto_pad: 'SAME_UPPER' };
    const known = typeof length === 'number' ? length : 1;
    const total = Math.max(0, (Math.ceil(known / stride) - 1) * stride + window - known);
    list.push([Math.floor(total / 2), Math.ceil(total / 2)]);
  }
  return { pads: [...list.map(([before]) => before), ...list.map(([, after]) => after)] };
}

/** Brings a kernel from (…spatial, a, b) to (b, a, …spatial): (filters, channels, …) or (channels, filters, …). */
function kernelFirst(writer: OnnxWriter, kernel: Value): string {
  const rank = kernel.shape.length;
  const axes = Array.from({ length: rank - 2 }, (_, axis) => axis);
  if (!writer.isConstant(kernel)) {
    return writer.emit('Transpose', [writer.name(kernel)], { perm: [rank - 1, rank - 2, ...axes] });
  }
  const { shape, data } = writer.constant(kernel);
  const [a = 1, b = 1] = shape.slice(-2);
  const area = data.length / (a * b);
  const result = new Float32Array(data.length);
  let from = 0;
  for (let place = 0; place < area; place++) {
    for (let row = 0; row < a; row++) {
      for (let column = 0; column < b; column++)
        result[(column * a + row) * area + place] = Number(data[from++]);
    }
  }
  return writer.literal(result, [b, a, ...shape.slice(0, -2)], 'float32');
}
