import type { Tensor } from '@tensorflow/tfjs-core';

import type { Operation, ScanOperation } from '../../graph/operations.js';
import type { Value } from '../../graph/value.js';
import type { Block, Plan } from './plan.js';
import { runOperation } from './run-operation.js';
import type { Running } from './running.js';
import type { TensorFlow } from './tensorflow.js';

/** Constants by value. A big matrix is kept in several tensors of consecutive rows. */
export type ConstantTensors = ReadonlyMap<Value, readonly Tensor[]>;

/**
 * Runs a graph. Frees each intermediate tensor after its last use.
 *
 * @param inputs The tensors of the inputs, which the caller frees.
 * @returns The outputs, which the caller frees.
 */
export function runGraph(
  tf: TensorFlow,
  plan: Plan,
  constants: ConstantTensors,
  inputs: ReadonlyMap<Value, Tensor>,
): Tensor[] {
  return runBlock(plan.main, { tf, plan, constants, given: inputs, outer: undefined });
}

/** The tensors that a block can read. */
interface Scope {
  tf: TensorFlow;
  plan: Plan;
  constants: ConstantTensors;
  /** Inputs of the graph, or the steps of a loop. */
  given: ReadonlyMap<Value, Tensor>;
  /** What the block around a loop has. */
  outer: ((value: Value) => Tensor) | undefined;
}

function runBlock({ steps, results }: Block, scope: Scope): Tensor[] {
  const { tf, constants, given, outer } = scope;
  return tf.tidy(() => {
    const computed = new Map<Operation, readonly Tensor[]>();
    const read = (value: Value): Tensor => {
      const { source } = value;
      const own = source.kind === 'operation' ? computed.get(source.operation)?.[source.output] : undefined;
      const found = own ?? given.get(value) ?? constants.get(value)?.[0] ?? outer?.(value);
      if (found === undefined) throw new Error(`the graph has no value for its ${source.kind}`);
      return found;
    };
    const running: Running = {
      tf,
      read,
      parts: (value) => constants.get(value) ?? [read(value)],
      length: (dimension) =>
        typeof dimension === 'number' ? dimension : (read(dimension.of).shape[dimension.axis] ?? 0),
      scan: (scan) => runLoop(scan, { ...scope, given: new Map(), outer: read }),
    };
    for (const { operation, frees } of steps) {
      computed.set(
        operation,
        tf.tidy(() => runOperation(running, operation)),
      );
      for (const done of frees) {
        for (const tensor of computed.get(done) ?? []) tensor.dispose();
        computed.delete(done);
      }
    }
    // Handles of their own, so that the caller can free all outputs alike.
    return results.map((value) => tf.clone(read(value)));
  });
}

function runLoop({ states, sequences, body }: ScanOperation, scope: Scope): Tensor[] {
  const { tf, plan, outer } = scope;
  const block = [...plan.bodies].find(([scan]) => scan.body === body)?.[1];
  if (block === undefined || outer === undefined) throw new Error('a loop has a planned body');
  const entries = sequences.map((sequence) => tf.unstack(outer(sequence)));
  const steps = entries[0]?.length ?? 0;
  let current = states.map((state) => tf.clone(outer(state)));
  const rows: Tensor[][] = body.rows.map(() => []);
  for (let step = 0; step < steps; step++) {
    const given = new Map<Value, Tensor>();
    const give = (value: Value, tensor: Tensor | undefined) => {
      if (tensor !== undefined) given.set(value, tensor);
    };
    for (const [index, value] of body.states.entries()) give(value, current[index]);
    for (const [index, value] of body.entries.entries()) give(value, entries[index]?.[step]);
    const results = runBlock(block, { ...scope, given });
    for (const tensor of current) tensor.dispose();
    current = results.slice(0, states.length);
    for (const [index, row] of results.slice(states.length).entries()) rows[index]?.push(row);
  }
  return [...current, ...rows.map((list) => tf.stack(list))];
}
