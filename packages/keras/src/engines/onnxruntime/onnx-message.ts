import { PbfWriter } from 'pbf';

/** The part of an ONNX `ModelProto` that we write. Source of the field numbers: onnx/onnx.proto, IR version 10. */
export interface OnnxModel {
  /** Version of ONNX's operator set. */
  opset: number;
  /** Whether nodes of the domain `ai.onnx.ml` occur, which has an operator set of its own. */
  usesMl: boolean;
  graph: OnnxGraph;
}

export interface OnnxGraph {
  name: string;
  nodes: readonly OnnxNode[];
  initializers: readonly OnnxTensor[];
  inputs: readonly OnnxValue[];
  outputs: readonly OnnxValue[];
}

export interface OnnxNode {
  op: string;
  /** Empty for ONNX's own operators. */
  domain: string;
  /** An empty name stands for an input that is left out. */
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** Integers are written as int attributes; wrap a float to write it as one. */
export type OnnxAttribute =
  | string
  | number
  | readonly number[]
  | { float: number }
  | { floats: readonly number[] }
  | { strings: readonly string[] }
  | { graph: OnnxGraph };

export type OnnxType = 'float32' | 'int32' | 'int64' | 'bool' | 'string';

/** A constant of the model. */
export interface OnnxTensor {
  name: string;
  type: OnnxType;
  shape: readonly number[];
  /** All numbers of `shape`, in row-major order. */
  data: Float32Array | Int32Array | BigInt64Array | Uint8Array | readonly string[];
}

/** An input or output of the model or of a part of it. */
export interface OnnxValue {
  name: string;
  type: OnnxType;
  /** A string names a dimension whose length is known only when the model runs. */
  shape: readonly (number | string)[];
}

/** Values of `TensorProto.DataType`. */
const ONNX_TYPES: Readonly<Record<OnnxType, number>> = {
  float32: 1,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
};

const IR_VERSION = 10;
const ML_OPSET = 4;
const ATTRIBUTE = { float: 1, int: 2, string: 3, graph: 5, floats: 6, ints: 7, strings: 8 };

/** Serializes a model as the content of an `.onnx` file. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const writer = new PbfWriter();
  writer.writeVarintField(1, IR_VERSION);
  writer.writeStringField(2, '@dual/keras');
  writer.writeMessage(7, writeGraph, model.graph);
  writer.writeMessage(8, writeOpset, { domain: '', version: model.opset });
  if (model.usesMl) writer.writeMessage(8, writeOpset, { domain: 'ai.onnx.ml', version: ML_OPSET });
  return writer.finish();
}

function writeOpset({ domain, version }: { domain: string; version: number }, writer: PbfWriter): void {
  writer.writeStringField(1, domain);
  writer.writeVarintField(2, version);
}

function writeGraph(graph: OnnxGraph, writer: PbfWriter): void {
  for (const node of graph.nodes) writer.writeMessage(1, writeNode, node);
  writer.writeStringField(2, graph.name);
  for (const tensor of graph.initializers) writer.writeMessage(5, writeTensor, tensor);
  for (const value of graph.inputs) writer.writeMessage(11, writeValue, value);
  for (const value of graph.outputs) writer.writeMessage(12, writeValue, value);
}

function writeNode(node: OnnxNode, writer: PbfWriter): void {
  for (const input of node.inputs) writer.writeStringField(1, input);
  for (const output of node.outputs) writer.writeStringField(2, output);
  writer.writeStringField(4, node.op);
  for (const attribute of Object.entries(node.attributes)) writer.writeMessage(5, writeAttribute, attribute);
  if (node.domain !== '') writer.writeStringField(7, node.domain);
}

function writeAttribute([name, value]: [string, OnnxAttribute], writer: PbfWriter): void {
  writer.writeStringField(1, name);
  let type: number;
  if (typeof value === 'string') {
    writer.writeStringField(4, value);
    type = ATTRIBUTE.string;
  } else if (typeof value === 'number') {
    writer.writeVarintField(3, value);
    type = ATTRIBUTE.int;
  } else if ('float' in value) {
    writer.writeFloatField(2, value.float);
    type = ATTRIBUTE.float;
  } else if ('floats' in value) {
    for (const entry of value.floats) writer.writeFloatField(7, entry);
    type = ATTRIBUTE.floats;
  } else if ('strings' in value) {
    for (const entry of value.strings) writer.writeStringField(9, entry);
    type = ATTRIBUTE.strings;
  } else if ('graph' in value) {
    writer.writeMessage(6, writeGraph, value.graph);
    type = ATTRIBUTE.graph;
  } else {
    for (const entry of value) writer.writeVarintField(8, entry);
    type = ATTRIBUTE.ints;
  }
  writer.writeVarintField(20, type);
}

function writeTensor(tensor: OnnxTensor, writer: PbfWriter): void {
  for (const length of tensor.shape) writer.writeVarintField(1, length);
  writer.writeVarintField(2, ONNX_TYPES[tensor.type]);
  writer.writeStringField(8, tensor.name);
  const { data } = tensor;
  if (ArrayBuffer.isView(data)) {
    writer.writeBytesField(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  } else {
    for (const text of data) writer.writeStringField(6, text);
  }
}

function writeValue(value: OnnxValue, writer: PbfWriter): void {
  writer.writeStringField(1, value.name);
  writer.writeMessage(2, writeType, value);
}

function writeType(value: OnnxValue, writer: PbfWriter): void {
  writer.writeMessage(1, writeTensorType, value);
}

function writeTensorType({ type, shape }: OnnxValue, writer: PbfWriter): void {
  writer.writeVarintField(1, ONNX_TYPES[type]);
  writer.writeMessage(2, writeShape, shape);
}

function writeShape(shape: OnnxValue['shape'], writer: PbfWriter): void {
  for (const length of shape) writer.writeMessage(1, writeDimension, length);
}

function writeDimension(length: number | string, writer: PbfWriter): void {
  if (typeof length === 'string') writer.writeStringField(2, length);
  else writer.writeVarintField(1, length);
}
