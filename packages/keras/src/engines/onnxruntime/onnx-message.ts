import { PbfWriter } from 'pbf';

/** The part of an ONNX `ModelProto` that we write. Source of the field numbers: onnx/onnx.proto, IR version 8. */
export interface OnnxModel {
  /** Version of the operator set. */
  opset: number;
  name: string;
  nodes: readonly OnnxNode[];
  initializers: readonly OnnxTensor[];
  inputs: readonly OnnxValue[];
  outputs: readonly OnnxValue[];
}

export interface OnnxNode {
  op: string;
  inputs: readonly string[];
  output: string;
  attributes?: Readonly<Record<string, string | number | readonly number[]>>;
}

/** A constant of the model. */
export interface OnnxTensor {
  name: string;
  shape: readonly number[];
  /** All numbers of `shape`, in row-major order. */
  data: Float32Array;
}

/** An input or output of the model: a tensor of 32-bit floats. */
export interface OnnxValue {
  name: string;
  /** A string names a dimension whose length is known only when the model runs. */
  shape: readonly (number | string)[];
}

const IR_VERSION = 8;
const FLOAT = 1;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_STRING = 3;
const ATTRIBUTE_INTS = 7;

/** Serializes a model as the content of an `.onnx` file. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const writer = new PbfWriter();
  writer.writeVarintField(1, IR_VERSION);
  writer.writeMessage(7, writeGraph, model);
  writer.writeMessage(8, writeOpset, model.opset);
  return writer.finish();
}

function writeOpset(version: number, writer: PbfWriter): void {
  writer.writeStringField(1, '');
  writer.writeVarintField(2, version);
}

function writeGraph(model: OnnxModel, writer: PbfWriter): void {
  for (const node of model.nodes) writer.writeMessage(1, writeNode, node);
  writer.writeStringField(2, model.name);
  for (const tensor of model.initializers) writer.writeMessage(5, writeTensor, tensor);
  for (const value of model.inputs) writer.writeMessage(11, writeValue, value);
  for (const value of model.outputs) writer.writeMessage(12, writeValue, value);
}

function writeNode(node: OnnxNode, writer: PbfWriter): void {
  for (const input of node.inputs) writer.writeStringField(1, input);
  writer.writeStringField(2, node.output);
  writer.writeStringField(4, node.op);
  for (const attribute of Object.entries(node.attributes ?? {}))
    writer.writeMessage(5, writeAttribute, attribute);
}

function writeAttribute(
  [name, value]: [string, string | number | readonly number[]],
  writer: PbfWriter,
): void {
  writer.writeStringField(1, name);
  if (typeof value === 'string') {
    writer.writeStringField(4, value);
    writer.writeVarintField(20, ATTRIBUTE_STRING);
  } else if (typeof value === 'number') {
    writer.writeVarintField(3, value);
    writer.writeVarintField(20, ATTRIBUTE_INT);
  } else {
    for (const entry of value) writer.writeVarintField(8, entry);
    writer.writeVarintField(20, ATTRIBUTE_INTS);
  }
}

function writeTensor(tensor: OnnxTensor, writer: PbfWriter): void {
  for (const length of tensor.shape) writer.writeVarintField(1, length);
  writer.writeVarintField(2, FLOAT);
  writer.writeStringField(8, tensor.name);
  writer.writeBytesField(
    9,
    new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength),
  );
}

function writeValue(value: OnnxValue, writer: PbfWriter): void {
  writer.writeStringField(1, value.name);
  writer.writeMessage(2, writeType, value.shape);
}

function writeType(shape: OnnxValue['shape'], writer: PbfWriter): void {
  writer.writeMessage(1, writeTensorType, shape);
}

function writeTensorType(shape: OnnxValue['shape'], writer: PbfWriter): void {
  writer.writeVarintField(1, FLOAT);
  writer.writeMessage(2, writeShape, shape);
}

function writeShape(shape: OnnxValue['shape'], writer: PbfWriter): void {
  for (const length of shape) writer.writeMessage(1, writeDimension, length);
}

function writeDimension(length: number | string, writer: PbfWriter): void {
  if (typeof length === 'string') writer.writeStringField(2, length);
  else writer.writeVarintField(1, length);
}
