import type { StoredWeight } from './stored-model.js';

/** Takes consecutive entries along the first dimension of what is stored, and puts them where they belong. */
export type Place = (slice: Float32Array, firstRow: number) => void;

export function arrangeInto(target: Float32Array, { arrangement, dataset, shape }: StoredWeight): Place {
  switch (arrangement.kind) {
    case 'as stored':
      return (slice, firstRow) => {
        target.set(slice, firstRow * rowLength(dataset.shape));
      };
    case 'rotated kernel':
      return rotateRows(target, shape);
    case 'channels first kernel':
      return channelsLastKernel(target, shape, arrangement.rotated);
    case 'channels first rows':
      return channelsLastRows(target, shape, arrangement.channels);
  }
}

function rotateRows(target: Float32Array, shape: readonly number[]): Place {
  const [rows = 0, columns = 0, inputs = 0, outputs = 0] = shape;
  const block = inputs * outputs;
  return (slice, firstRow) => {
    for (let from = 0; from * block < slice.length; from++) {
      const to = rows * columns - 1 - (firstRow * columns + from);
      target.set(slice.subarray(from * block, (from + 1) * block), to * block);
    }
  };
}

function channelsLastKernel(target: Float32Array, shape: readonly number[], rotated: boolean): Place {
  const [rows = 0, columns = 0, inputs = 0, outputs = 0] = shape;
  const area = rows * columns;
  return (slice, firstOutput) => {
    let from = 0;
    for (let output = firstOutput; from < slice.length; output++) {
      for (let input = 0; input < inputs; input++) {
        for (let position = 0; position < area; position++) {
          const to = rotated ? area - 1 - position : position;
          target[(to * inputs + input) * outputs + output] = slice[from++] ?? NaN;
        }
      }
    }
  };
}

function channelsLastRows(target: Float32Array, shape: readonly number[], channels: number): Place {
  const [inputs = 0, units = 0] = shape;
  const area = inputs / channels;
  return (slice, firstRow) => {
    for (let index = 0; index * units < slice.length; index++) {
      const row = firstRow + index;
      const to = (row % area) * channels + Math.floor(row / area);
      target.set(slice.subarray(index * units, (index + 1) * units), to * units);
    }
  };
}

function rowLength(shape: readonly number[]): number {
  return shape.slice(1).reduce((product, length) => product * length, 1);
}
