import { Builder } from './builder.js';
import type { Constants } from './evaluate.js';
import { inputsOf, withInputs } from './inputs.js';
import { type ModelGraph, operationsOf } from './model-graph.js';
import type { Operation } from './operations.js';
import { newValue, type Value } from './value.js';

/**
 * Moves factors and summands for each channel into the convolution or product before them, as a BatchNormalization has
 * them after it is folded. A convolution whose output something else reads stays as it is.
 */
export function foldFactors(graph: ModelGraph, constants: Pick<Constants, 'has'>): ModelGraph {
  const outputs = graph.outputs.map(({ value }) => value);
  const folding = new Folding(outputs, constants);
  return {
    inputs: graph.inputs,
    outputs: graph.outputs.map(({ name, value }) => ({ name, value: folding.rewritten(value) })),
  };
}

class Folding {
  readonly #build = new Builder();
  readonly #constants: Pick<Constants, 'has'>;
  readonly #uses = new Map<Value, number>();
  readonly #values = new Map<Value, Value>();
  readonly #operations = new Map<Operation, Operation>();

  constructor(outputs: readonly Value[], constants: Pick<Constants, 'has'>) {
    this.#constants = constants;
    const operations = operationsOf(outputs);
    for (const value of [...outputs, ...operations.flatMap(inputsOf)])
      this.#uses.set(value, (this.#uses.get(value) ?? 0) + 1);
    // In order, so that no value is rewritten by way of a deep recursion.
    for (const operation of operations) this.#rewrite(operation);
  }

  rewritten(value: Value): Value {
    const known = this.#values.get(value);
    if (known !== undefined) return known;
    const { source } = value;
    const operation = source.kind === 'operation' ? this.#operations.get(source.operation) : undefined;
    const result =
      source.kind !== 'operation' || operation === undefined || operation === source.operation
        ? value
        : newValue(
            value.shape.map((length) => this.#length(length, value)),
            value.dtype,
            { ...source, operation },
          );
    this.#values.set(value, result);
    return result;
  }

  /** A length that is known only when the model runs is that of a value which may have been rewritten. */
  #length(length: Value['shape'][number], self: Value): Value['shape'][number] | null {
    if (typeof length === 'number') return length;
    return length.of === self ? null : { ...length, of: this.rewritten(length.of) };
  }

  #rewrite(operation: Operation): void {
    if (
      operation.op === 'binary' &&
      (operation.fn === 'add' || operation.fn === 'multiply' || operation.fn === 'subtract')
    ) {
      const { fn, a, b } = operation;
      const folded = this.#fold(fn, a, b) ?? (fn === 'subtract' ? undefined : this.#fold(fn, b, a));
      if (folded?.source.kind === 'operation') {
        this.#operations.set(operation, folded.source.operation);
        return;
      }
    }
    const inputs = inputsOf(operation);
    const same = inputs.every((input) => this.rewritten(input) === input);
    this.#operations.set(
      operation,
      same || operation.op === 'scan' ? operation : withInputs(operation, (value) => this.rewritten(value)),
    );
  }

  #fold(fn: 'add' | 'multiply' | 'subtract', x: Value, factor: Value): Value | undefined {
    if (!this.#constants.has(factor) || factor.dtype !== 'float32' || (this.#uses.get(x) ?? 0) !== 1)
      return undefined;
    const before = this.rewritten(x);
    const { source } = before;
    if (source.kind !== 'operation') return undefined;
    const { operation } = source;
    if (operation.op !== 'conv' && operation.op !== 'matMul' && operation.op !== 'convTranspose')
      return undefined;
    const channels = before.shape.at(-1);
    const perChannel = this.#perChannel(factor, channels, before.shape.length);
    if (
      perChannel === undefined ||
      !this.#constants.has(operation.op === 'matMul' ? operation.b : operation.kernel)
    )
      return undefined;
    const build = this.#build;
    if (operation.op === 'matMul') {
      if (fn !== 'multiply' || operation.b.shape.length !== 2) return undefined;
      return build.matMul(operation.a, build.multiply(operation.b, perChannel));
    }
    const { bias } = operation;
    // The filters of a transposed convolution are at the second place from the end of the kernel.
    const spread = operation.op === 'conv' ? perChannel : build.expandDims(perChannel, 1);
    const kernel = fn === 'multiply' ? build.multiply(operation.kernel, spread) : operation.kernel;
    const newBias =
      fn === 'multiply'
        ? bias === undefined
          ? undefined
          : build.multiply(bias, perChannel)
        : this.#shifted(fn, bias, perChannel);
    return newValue(
      before.shape.map((length) => (typeof length === 'object' && length.of === before ? null : length)),
      'float32',
      {
        kind: 'operation',
        operation: { ...operation, kernel, bias: newBias },
        output: 0,
      },
    );
  }

  #shifted(fn: 'add' | 'subtract', bias: Value | undefined, summand: Value): Value {
    if (bias !== undefined) return this.#build.binary(fn, bias, summand);
    return fn === 'add' ? summand : this.#build.negative(summand);
  }

  /** The constant as one number for each channel, if it is that. */
  #perChannel(factor: Value, channels: Value['shape'][number] | undefined, rank: number): Value | undefined {
    if (typeof channels !== 'number' || factor.shape.length > rank) return undefined;
    if (!factor.shape.slice(0, -1).every((length) => length === 1)) return undefined;
    const length = factor.shape.at(-1) ?? 1;
    if (length === channels) return this.#build.reshape(factor, [channels]);
    if (length !== 1) return undefined;
    const ones = this.#build.constant(new Float32Array(channels).fill(1), [channels]);
    return this.#build.multiply(ones, this.#build.reshape(factor, []));
  }
}
