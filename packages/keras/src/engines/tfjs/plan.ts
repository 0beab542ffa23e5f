import { inputsOf } from '../../graph/inputs.js';
import { type ModelGraph, operationsOf } from '../../graph/model-graph.js';
import type { Operation, ScanOperation } from '../../graph/operations.js';
import type { Value } from '../../graph/value.js';

/** Operations in the order in which they run. */
export interface Block {
  steps: readonly {
    operation: Operation;
    /** Operations whose results are not needed after this one. */
    frees: readonly Operation[];
  }[];
  results: readonly Value[];
}

/** The order in which a graph runs, which is the same for each prediction. */
export interface Plan {
  main: Block;
  /** What runs for each step of a loop. */
  bodies: ReadonlyMap<ScanOperation, Block>;
}

/**
 * Plans the run of a graph.
 *
 * @param isConstant Says which values are computed before the graph runs.
 */
export function planGraph(outputs: readonly Value[], isConstant: (value: Value) => boolean): Plan {
  const sorted = operationsOf(outputs, isConstant);
  const steps = stepsOf(sorted);
  const bodies = new Map<ScanOperation, Block>();
  const reads = new Map<Operation, readonly Value[]>();

  const block = (
    operations: readonly Operation[],
    available: ReadonlySet<Value>,
    results: readonly Value[],
  ): Block => {
    for (const operation of operations) {
      if (operation.op === 'scan') planBody(operation, available);
      else reads.set(operation, inputsOf(operation));
    }
    return { steps: withFrees(operations, results, (operation) => reads.get(operation) ?? []), results };
  };

  /** The body runs what depends on its own steps, and on no steps of loops inside it. */
  const planBody = (scan: ScanOperation, outer: ReadonlySet<Value>) => {
    const own = new Set([...scan.body.states, ...scan.body.entries]);
    const available = new Set([...outer, ...own]);
    const results = [...scan.body.nextStates, ...scan.body.rows];
    const operations = operationsOf(results, isConstant).filter((operation) => {
      const needed = [...(steps.get(operation) ?? [])];
      return needed.some((step) => own.has(step)) && needed.every((step) => available.has(step));
    });
    const body = block(operations, available, results);
    bodies.set(scan, body);
    const inside = new Set(operations);
    const fromOutside = [
      ...operations.flatMap((operation) => [...(reads.get(operation) ?? [])]),
      ...results,
    ].filter(({ source }) => source.kind !== 'operation' || !inside.has(source.operation));
    reads.set(scan, [...scan.states, ...scan.sequences, ...fromOutside]);
  };

  const outside = sorted.filter((operation) => steps.get(operation)?.size === 0);
  return { main: block(outside, new Set(), outputs), bodies };
}

/**
 * Finds the values that depend on nothing but constants, and that the rest of the graph reads.
 *
 * @param isConstant Says which values need no operation to run.
 */
export function constantResults({ outputs }: ModelGraph, isConstant: (value: Value) => boolean): Value[] {
  const fixed = new Set<Operation>();
  const isFixed = (value: Value) =>
    isConstant(value) || (value.source.kind === 'operation' && fixed.has(value.source.operation));
  const results = new Set<Value>();
  const note = (value: Value) => {
    if (isFixed(value) && !isConstant(value)) results.add(value);
  };
  for (const operation of operationsOf(
    outputs.map(({ value }) => value),
    isConstant,
  )) {
    const inputs = inputsOf(operation);
    // A loop reads steps of its own, which are never fixed.
    if (operation.op !== 'scan' && inputs.every(isFixed)) fixed.add(operation);
    else inputs.forEach(note);
  }
  for (const { value } of outputs) note(value);
  return [...results];
}

/** The values of source `step` on which each operation depends. */
function stepsOf(sorted: readonly Operation[]): Map<Operation, ReadonlySet<Value>> {
  const steps = new Map<Operation, ReadonlySet<Value>>();
  for (const operation of sorted) {
    const needed = new Set<Value>();
    for (const input of inputsOf(operation)) {
      if (input.source.kind === 'step') needed.add(input);
      if (input.source.kind === 'operation')
        for (const step of steps.get(input.source.operation) ?? []) needed.add(step);
    }
    if (operation.op === 'scan')
      for (const own of [...operation.body.states, ...operation.body.entries]) needed.delete(own);
    steps.set(operation, needed);
  }
  return steps;
}

/** Finds after which operation the results of each one are no longer needed. */
function withFrees(
  operations: readonly Operation[],
  results: readonly Value[],
  readsOf: (operation: Operation) => readonly Value[],
): Block['steps'] {
  const last = new Map<Operation, number>();
  for (const [index, operation] of operations.entries()) {
    last.set(operation, index);
    for (const { source } of readsOf(operation))
      if (source.kind === 'operation' && last.has(source.operation)) last.set(source.operation, index);
  }
  for (const { source } of results) if (source.kind === 'operation') last.delete(source.operation);
  const frees: Operation[][] = operations.map(() => []);
  for (const [operation, index] of last) frees[index]?.push(operation);
  return operations.map((operation, index) => ({ operation, frees: frees[index] ?? [] }));
}
