import type { Builder } from '../../graph/builder.js';
import { GraphError } from '../../graph/shapes.js';
import { showShape, type Value } from '../../graph/value.js';
import type { Cell } from './cells.js';

/** How a recurrent layer runs its cell over the steps. */
export interface RunOptions {
  /** Shape (batch, time, …features). */
  x: Value;
  /** Shape (batch, time): a step that does not count keeps the states and repeats the output before. */
  mask: Value | undefined;
  initial: readonly Value[];
  /** Zeros of the shape of an output. They stand for the output before the first step, whatever the states are. */
  before: Value;
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
export function runCell(
  build: Builder,
  cell: Pick<Cell, 'project' | 'step'>,
  options: RunOptions,
): RunResult {
  const { mask, initial } = options;
  const inOrder = (value: Value) => (options.backwards ? build.flip(value, 0) : value);
  const x = inOrder(cell.project(timeFirst(build, options.x)));
  if (mask === undefined) {
    const { states, rows } = build.scan(initial, [x], (states, [entry]) => {
      const next = cell.step(only(entry), states);
      return { states: next.states, rows: [next.output] };
    });
    return finished(build, only(rows[0]), states);
  }
  const sequences = [x, inOrder(timeFirst(build, mask))];
  const { states, rows } = build.scan([...initial, options.before], sequences, (all, [entry, counts]) => {
    const [previous, ...states] = [all.at(-1), ...all.slice(0, -1)];
    const next = cell.step(only(entry), states);
    const choose = (a: Value, b: Value | 0) => build.where(wide(build, only(counts), a.shape.length), a, b);
    const output = choose(next.output, options.zeroOutput && !options.unroll ? 0 : only(previous));
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

function finished(build: Builder, rows: Value, states: readonly Value[]): RunResult {
  return { sequence: timeFirst(build, rows), last: build.at(rows, 0, -1), states };
}

/** Swaps batch and time. */
export function timeFirst(build: Builder, value: Value): Value {
  const rest = Array.from({ length: value.shape.length - 2 }, (_, axis) => axis + 2);
  return build.transpose(value, [1, 0, ...rest]);
}

function wide(build: Builder, mask: Value, rank: number): Value {
  const missing = rank - mask.shape.length;
  if (missing < 0) throw new GraphError(`a mask of shape ${showShape(mask.shape)} does not fit its steps`);
  return build.expandDims(
    mask,
    Array.from({ length: missing }, (_, index) => mask.shape.length + index),
  );
}

function only(value: Value | undefined): Value {
  if (value === undefined) throw new Error('a recurrent layer has a state and an input');
  return value;
}
