import { types } from 'node:util';

import type * as Onnxruntime from 'onnxruntime-node';

import type { DType } from '../../graph/value.js';
import { buildFailure, type BuildOptions, type Engine, type EngineTensor, type Session } from '../engine.js';
import { encodeModel } from './onnx-message.js';
import { writeOnnx, type WrittenModel } from './onnx-model.js';

/** Matrices of this size or more are fed to each run. Below, a copy is cheaper than one more input. */
const FEED_FROM_BYTES = 1024 * 1024;

/** ONNX Runtime on the CPU. The graph becomes an ONNX model in memory; nothing is written to disk. */
export function onnxruntimeEngine(ort: typeof Onnxruntime): Engine {
  return {
    name: 'onnxruntime',
    async build(graph, weights, options) {
      try {
        const written = writeOnnx(graph, weights, FEED_FROM_BYTES);
        const session = await ort.InferenceSession.create(
          encodeModel(written.model),
          sessionOptions(options),
        );
        return onnxruntimeSession(ort, session, written);
      } catch (cause) {
        throw buildFailure('onnxruntime', cause);
      }
    },
  };
}

function sessionOptions({ threads }: BuildOptions): Onnxruntime.InferenceSession.SessionOptions {
  // Level 4 keeps warnings and errors off stderr. Errors arrive as exceptions.
  return {
    executionProviders: ['cpu'],
    logSeverityLevel: 4,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
  };
}

function onnxruntimeSession(
  ort: typeof Onnxruntime,
  session: Onnxruntime.InferenceSession,
  written: WrittenModel,
): Session {
  const fed = Object.fromEntries(
    written.fed.map(({ name, shape, data }) => [name, new ort.Tensor('float32', data, shape)]),
  );
  return {
    async run(inputs) {
      const feeds: Record<string, Onnxruntime.Tensor> = { ...fed };
      for (const [index, name] of written.inputs.entries()) {
        const input = inputs[index];
        if (input !== undefined) feeds[name] = toTensor(ort, input);
      }
      const results = await session.run(feeds);
      return written.outputs.map((name, index) => {
        const result = results[name];
        if (result === undefined) throw new TypeError(`ONNX Runtime returned no output ${name}`);
        return fromTensor(result, written.model.graph.outputs[index]?.type ?? 'float32');
      });
    },
    async dispose() {
      await session.release();
    },
  };
}

function toTensor(ort: typeof Onnxruntime, { data, shape, dtype }: EngineTensor): Onnxruntime.Tensor {
  if (data instanceof Float32Array) return new ort.Tensor('float32', data, shape);
  if (data instanceof Int32Array) return new ort.Tensor('int32', data, shape);
  if (data instanceof BigInt64Array) return new ort.Tensor('int64', data, shape);
  if (data instanceof Uint8Array) return new ort.Tensor(dtype === 'bool' ? 'bool' : 'uint8', data, shape);
  return new ort.Tensor('string', [...data], shape);
}

function fromTensor({ data, dims }: Onnxruntime.Tensor, dtype: DType): EngineTensor {
  // With jest, typed arrays of the engine are not instances of this realm's classes.
  if (
    types.isFloat32Array(data) ||
    types.isInt32Array(data) ||
    types.isBigInt64Array(data) ||
    types.isUint8Array(data)
  ) {
    return { data, shape: dims, dtype };
  }
  if (Array.isArray(data)) return { data, shape: dims, dtype };
  throw new TypeError('ONNX Runtime returned an output of an unknown type');
}
