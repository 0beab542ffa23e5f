import type { Builder } from '../../graph/builder.js';
import { sameLength, type Value } from '../../graph/value.js';
import type { Cell } from './cells.js';

/** How a recurrent layer runs its cell over the steps. */
export interface RunOptions {
  /** Shape (batch, time, …features). */
  x: Value;
  /** Boolean, of shape (batch, time): a step that does not count keeps the states and repeats the output before. */
  mask: Value | undefined;
  initial: readonly Value[];
  /** From the last step to the first. The outputs stay in that order. */
  backwards: boolean;
  /** Whether a step that does not count gives zeros instead. */
  zeroOutput: boolean;
  /** Whether Keras unrolls the loop, which matters for `zeroOutput` alone. */
  unroll: boolean;
}

/** All outputs, of shape (batch, time, …), the last output, and the last states. */
export interface RunResult {
  sequence: Value;
  last: Value;
  states: readonly Value[];
}

/**
 * Runs a cell once for each step.
 *
 * Source: `rnn` of `keras/src/backend/tensorflow/rnn.py`.
 */
export function runCell(build: Builder, cell: Pick<Cell, 'step'>, options: RunOptions): RunResult {
  const { mask, initial } = options;
  const inOrder = (value: Value) => {
    const first = timeFirst(build, value);
    return options.backwards ? build.flip(first, 0) : first;
  };
  const sequences = mask === undefined ? [inOrder(options.x)] : [inOrder(options.x), inOrder(mask)];
  if (mask === undefined) {
    const { states, rows } = build.scan(initial, sequences, (states, [x]) => {
      const next = cell.step(only(x), states);
      return { states: next.states, rows: [next.output] };
    });
    return finished(build, only(rows[0]), states);
  }
  // The output before is a state too. It begins with zeros of the shape of the first state, which is that of an output.
  const before = build.multiply(only(initial[outputStateOf(initial, cell, options.x, build)]), 0);
  const { states, rows } = build.scan([...initial, before], sequences, (all, [x, counts]) => {
    const [previous, ...states] = [all.at(-1), ...all.slice(0, -1)];
    const next = cell.step(only(x), states);
    const choose = (a: Value, b: Value) => build.where(wide(build, only(counts), a.shape.length), a, b);
    const zero = options.zeroOutput && !options.unroll;
    const output = choose(next.output, zero ? build.multiply(next.output, 0) : only(previous));
    const kept = next.states.map((state, index) => choose(state, only(states[index])));
    return { states: [...kept, output], rows: [output] };
  });
  const result = finished(build, only(rows[0]), states.slice(0, -1));
  if (!options.zeroOutput || !options.unroll) return result;
  // An unrolled loop sets outputs to 0 at its end, by the mask in the order of the input also if it runs backwards.
  const zeroed = (value: Value, counts: Value) =>
    build.where(wide(build, counts, value.shape.length), value, 0);
  const lastMask = build.at(mask, 1, options.backwards ? 0 : -1);
  return { ...result, sequence: zeroed(result.sequence, mask), last: zeroed(result.last, lastMask) };
}

/** A state that has the shape of the output. */
function outputStateOf(
  initial: readonly Value[],
  cell: Pick<Cell, 'step'>,
  x: Value,
  build: Builder,
): number {
  const { output } = cell.step(build.at(x, 1, 0), initial);
  const index = initial.findIndex(
    ({ shape }) =>
      shape.length === output.shape.length &&
      shape.slice(1).every((length, axis) => sameLength(length, output.shape[axis + 1])),
  );
  return Math.max(0, index);
}

function finished(build: Builder, rows: Value, states: readonly Value[]): RunResult {
  return { sequence: timeFirst(build, rows), last: build.at(rows, 0, -1), states };
}

/** Swaps batch and time. */
function timeFirst(build: Builder, value: Value): Value {
  return build.transpose(value, [
    1,
    0,
    ...Array.from({ length: value.shape.length - 2 }, (_, axis) => axis + 2),
  ]);
}

function wide(build: Builder, mask: Value, rank: number): Value {
  const missing = rank - mask.shape.length;
  return build.expandDims(
    mask,
    Array.from({ length: missing }, (_, index) => mask.shape.length + index),
  );
}

function only(value: Value | undefined): Value {
  if (value === undefined) throw new Error('a recurrent layer has a state and an input');
  return value;
}
