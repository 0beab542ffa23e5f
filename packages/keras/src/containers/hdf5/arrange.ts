import type { StoredWeight } from './stored-model.js';

/**
 * Puts numbers in their place. In the dataset they are consecutive, and `first` is the position of the first of them.
 */
export type Place = (run: Float32Array, first: number) => void;

/** Returns a function that puts the stored numbers of a weight in their place in `target`. */
export function arrangeInto(target: Float32Array, { arrangement, shape }: StoredWeight): Place {
  switch (arrangement.kind) {
    case 'as stored':
      return (run, first) => {
        target.set(run, first);
      };
    case 'channels first kernel':
      return channelsLastKernel(target, shape, arrangement.rotated);
    case 'channels first rows':
      return channelsLastRows(target, shape, arrangement.channels);
  }
}

function channelsLastKernel(target: Float32Array, shape: readonly number[], rotated: boolean): Place {
  const [rows = 0, columns = 0, inputs = 0, outputs = 0] = shape;
  const area = rows * columns;
  return (run, first) => {
    let position = first % area;
    let input = Math.floor(first / area) % inputs;
    let output = Math.floor(first / (area * inputs));
    for (const number of run) {
      const to = rotated ? area - 1 - position : position;
      target[(to * inputs + input) * outputs + output] = number;
      if (++position < area) continue;
      position = 0;
      if (++input < inputs) continue;
      input = 0;
      output++;
    }
  };
}

function channelsLastRows(target: Float32Array, shape: readonly number[], channels: number): Place {
  const [inputs = 0, units = 0] = shape;
  const area = inputs / channels;
  return moveRows(target, units, (from) => (from % area) * channels + Math.floor(from / area));
}

/** Moves rows of `rowLength` numbers. A run may begin and end within a row. */
function moveRows(target: Float32Array, rowLength: number, newRow: (from: number) => number): Place {
  return (run, first) => {
    for (let at = 0; at < run.length;) {
      const [row, within] = [Math.floor((first + at) / rowLength), (first + at) % rowLength];
      const next = Math.min(run.length, at + rowLength - within);
      target.set(run.subarray(at, next), newRow(row) * rowLength + within);
      at = next;
    }
  };
}
