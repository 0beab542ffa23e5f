import { type ModelGraph, operationsOf } from '../graph/model-graph.js';
import type { Operation } from '../graph/operations.js';
import type { EngineName } from './engine.js';
import { refusal } from './tfjs/refusal.js';

/** An operation that an engine cannot run as the graph means it. */
export interface Refusal {
  operation: Operation;
  reason: string;
}

/**
 * Lists what an engine cannot run of a graph. The engine need not be installed. ONNX Runtime is the reference: what it
 * cannot run is refused when the graph is made.
 */
export function refusalsOf(engine: EngineName, graph: ModelGraph): Refusal[] {
  if (engine === 'onnxruntime') return [];
  return operationsOf(graph.outputs.map(({ value }) => value)).flatMap((operation) => {
    const reason = refusal(operation);
    return reason === undefined ? [] : [{ operation, reason }];
  });
}
