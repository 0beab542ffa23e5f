import { types } from 'node:util';

import type * as Onnxruntime from 'onnxruntime-node';

import type { Graph, WeightSlot } from '../../graph/graph.js';
import { buildFailure, type BuildOptions, type Engine, type LoadedWeight, type Session } from '../engine.js';
import { onnxWeightNames, OPSET, toOnnxGraph } from './onnx-graph.js';
import { encodeModel, type OnnxTensor } from './onnx-message.js';

/** ONNX Runtime on the CPU. The graph becomes an ONNX model in memory; nothing is written to disk. */
export function onnxruntimeEngine(ort: typeof Onnxruntime): Engine {
  return {
    name: 'onnxruntime',
    async build(graph, weights, options) {
      const { initializers, fed } = await sortWeights(ort, weights, onnxWeightNames(graph));
      const { nodes, input, output } = toOnnxGraph(graph);
      const model = encodeModel({
        opset: OPSET,
        name: 'keras',
        nodes,
        initializers,
        inputs: [input, ...[...fed].map(([name, tensor]) => ({ name, shape: tensor.dims }))],
        outputs: [output],
      });
      const session = await ort.InferenceSession.create(model, sessionOptions(options)).catch(
        (cause: unknown) => {
          throw buildFailure('onnxruntime', cause);
        },
      );
      return onnxruntimeSession(ort, session, { graph, fed, input: input.name, output: output.name });
    },
  };
}

function sessionOptions({ threads }: BuildOptions): Onnxruntime.InferenceSession.SessionOptions {
  // Level 3 keeps warnings off stderr. Errors still arrive as exceptions.
  return {
    executionProviders: ['cpu'],
    logSeverityLevel: 3,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
  };
}

/**
 * Puts convolution kernels and biases into the model, where ONNX Runtime rearranges them for speed. Dense kernels are
 * passed to each run like inputs, so that ONNX Runtime does not copy them. This halves the peak memory and costs no
 * speed: see `bench/README.md`.
 */
async function sortWeights(
  ort: typeof Onnxruntime,
  weights: AsyncIterable<LoadedWeight>,
  weightName: (slot: WeightSlot) => string,
) {
  const initializers: OnnxTensor[] = [];
  const fed = new Map<string, Onnxruntime.Tensor>();
  for await (const { slot, data } of weights) {
    const name = weightName(slot);
    if (slot.shape.length === 2) fed.set(name, new ort.Tensor('float32', data, slot.shape));
    else if (slot.shape.length === 4) initializers.push({ name, ...outputsFirst(slot, data) });
    else initializers.push({ name, shape: slot.shape, data });
  }
  return { initializers, fed };
}

/** Reorders a kernel from (rows, columns, inputs, outputs) to ONNX's (outputs, inputs, rows, columns). */
function outputsFirst({ shape }: WeightSlot, data: Float32Array): { shape: number[]; data: Float32Array } {
  const [rows = 0, columns = 0, inputs = 0, outputs = 0] = shape;
  const area = rows * columns;
  const result = new Float32Array(data.length);
  let from = 0;
  for (let position = 0; position < area; position++) {
    for (let input = 0; input < inputs; input++) {
      for (let output = 0; output < outputs; output++) {
        result[(output * inputs + input) * area + position] = data[from++] ?? NaN;
      }
    }
  }
  return { shape: [outputs, inputs, rows, columns], data: result };
}

interface SessionParts {
  graph: Graph;
  fed: ReadonlyMap<string, Onnxruntime.Tensor>;
  input: string;
  output: string;
}

function onnxruntimeSession(
  ort: typeof Onnxruntime,
  session: Onnxruntime.InferenceSession,
  parts: SessionParts,
): Session {
  const { graph, input, output } = parts;
  const fed = Object.fromEntries(parts.fed);
  return {
    async run(data, batch) {
      const image = new ort.Tensor('float32', data, [batch, ...graph.input.shape]);
      const result = (await session.run({ ...fed, [input]: image }))[output];
      if (!types.isFloat32Array(result?.data))
        throw new TypeError('ONNX Runtime returned an output that is not a Float32Array');
      return result.data;
    },
    async dispose() {
      await session.release();
    },
  };
}
