import { isList, isObject } from '../../../config/json.js';
import { type CallArgument, type LayerCall, type Lowered, runs, UnsupportedError } from '../../layer.js';
import { text } from '../../settings.js';
import { FUNCTIONS } from './functions.js';
import { NODES } from './nodes.js';

/** Other names of the same functions. */
const ALIASES: Readonly<Record<string, string>> = {
  abs: 'math.abs',
  add: 'math.add',
  add_n: 'math.add_n',
  argmax: 'math.argmax',
  argmin: 'math.argmin',
  divide: 'math.divide',
  floor_div: 'math.floordiv',
  'linalg.l2_normalize': 'math.l2_normalize',
  'linalg.tensor_diag_part': 'linalg.diag_part',
  matmul: 'linalg.matmul',
  'math.mod': 'math.floormod',
  'math.real_div': 'math.truediv',
  'math.swish': 'nn.silu',
  'nn.l2_normalize': 'math.l2_normalize',
  'nn.sigmoid': 'math.sigmoid',
  'nn.swish': 'nn.silu',
  'nn.tanh': 'math.tanh',
  'nn.top_k': 'math.top_k',
  realdiv: 'math.truediv',
  swish: 'nn.silu',
};

function functionOf(name: string) {
  // These place pixels in another way.
  if (name.startsWith('compat.v1.image.resize')) return undefined;
  const short = name.replace(/^compat\.v[12]\./u, '').replace(/_v2$/u, '');
  for (const candidate of [short, ALIASES[short] ?? short, `math.${short}`, `nn.${short}`]) {
    if (Object.hasOwn(FUNCTIONS, candidate)) return FUNCTIONS[candidate];
  }
  return undefined;
}

/** A function of TensorFlow in a model of Keras 2. Source: `TFOpLambda` of `tf_keras/src/layers/core/tf_op_layer.py`. */
function tfOpLambda(call: LayerCall): Lowered {
  const name = text(call, 'function');
  const entry = functionOf(name);
  if (entry === undefined)
    throw new UnsupportedError(`it calls tf.${name}, which this package does not know`);
  const [first] = call.args;
  const given: Record<string, CallArgument> = {
    ...call.kwargs,
    ...(first === undefined ? {} : { [entry.first]: first }),
  };
  return entry.run({ call, given });
}

/**
 * A node of a graph of TensorFlow 2.0 to 2.3. Its constants are stated in the configuration, by their positions.
 *
 * Source: `TensorFlowOpLayer` of `tensorflow/python/keras/engine/base_layer.py`.
 */
function tensorFlowOp(call: LayerCall): Lowered {
  const { node_def: node, constants } = call.config;
  const op = isObject(node) ? node['op'] : undefined;
  if (!isObject(node) || typeof op !== 'string')
    throw new UnsupportedError('it holds a node of TensorFlow in a form that cannot be read');
  const entry = Object.hasOwn(NODES, op) ? NODES[op] : undefined;
  if (entry === undefined)
    throw new UnsupportedError(`it holds the node ${op} of TensorFlow, which this package does not know`);
  const [only] = call.args;
  const tensors = only?.kind === 'list' ? [...only.items] : [...call.args];
  const stated = isObject(constants) ? constants : {};
  const inputs: CallArgument[] = [];
  const total = tensors.length + Object.keys(stated).length;
  for (let at = 0; at < total; at++) {
    const next = String(at) in stated ? undefined : tensors.shift();
    inputs.push(next ?? { kind: 'value', value: stated[String(at)] });
  }
  const attributes = isObject(node['attr']) ? node['attr'] : {};
  const { name, given } = entry(inputs, (key) => attributeOf(attributes[key]));
  const entryOf = functionOf(name);
  if (entryOf === undefined) throw new UnsupportedError(`it holds the node ${op} of TensorFlow`);
  return entryOf.run({ call, given });
}

const TYPES: Readonly<Record<string, string>> = {
  DT_FLOAT: 'float32',
  DT_HALF: 'float16',
  DT_DOUBLE: 'float64',
  DT_INT32: 'int32',
  DT_INT64: 'int64',
  DT_BOOL: 'bool',
};

/** An attribute of a node, in the form in which protocol buffers are written as JSON. */
function attributeOf(stated: unknown): unknown {
  if (!isObject(stated)) return undefined;
  if (typeof stated['b'] === 'boolean') return stated['b'];
  if (stated['i'] !== undefined) return Number(stated['i']);
  if (typeof stated['f'] === 'number') return stated['f'];
  if (typeof stated['type'] === 'string') return TYPES[stated['type']] ?? stated['type'];
  if (typeof stated['s'] === 'string') return Buffer.from(stated['s'], 'base64').toString();
  const list = isObject(stated['list']) ? stated['list'] : undefined;
  if (list !== undefined) return isList(list['i']) ? list['i'].map(Number) : [];
  return undefined;
}

export const TENSORFLOW = {
  SlicingOpLambda: runs(tfOpLambda),
  TFOpLambda: runs(tfOpLambda),
  TensorFlowOpLayer: runs(tensorFlowOp),
};
