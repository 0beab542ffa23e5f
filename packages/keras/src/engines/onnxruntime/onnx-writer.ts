import { type Constant, type Constants, transpose } from '../../graph/evaluate.js';
import { inputsOf } from '../../graph/inputs.js';
import type { Operation } from '../../graph/operations.js';
import type { Dimension, DType, Numbers, Shape, Value } from '../../graph/value.js';
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor, OnnxValue } from './onnx-message.js';

/**
 * How the numbers of a value lie in memory. `last`: as the graph says. `first`: the last dimension stands at position
 * 1, which ONNX's window operations need. Both are the same below three dimensions.
 */
export type Layout = 'last' | 'first';

/** Weights that are given to each run like inputs, so that they are not copied into the model. */
export interface FedWeight {
  name: string;
  shape: readonly number[];
  data: Float32Array;
}

/** How operations are written. */
export interface WritingRules {
  /** Layout in which an operation works. */
  layoutOf: (writer: OnnxWriter, operation: Operation, output: Value) => Layout;
  /** Writes an operation and returns the names of its outputs. */
  lower: (writer: OnnxWriter, operation: Operation, layout: Layout, output: Value) => readonly string[];
}

/** What all parts of one model share. */
interface Shared {
  readonly rules: WritingRules;
  readonly constants: Constants;
  readonly initializers: OnnxTensor[];
  readonly initializerNames: Map<string, string>;
  readonly fed: FedWeight[];
  /** Weights of this size or more, in bytes, are fed. */
  readonly feedFrom: number;
  names: number;
  usesMl: boolean;
}

/**
 * Writes the values of a graph as ONNX nodes, each once, when something needs it. A value may be there in either
 * layout; operations that work number by number keep the layout of their inputs, so that most transpositions around
 * convolutions are never made.
 *
 * Values are named by number, because layers may have any name.
 */
export class OnnxWriter {
  readonly #shared: Shared;
  readonly #outer: OnnxWriter | undefined;
  /** The values that stand for a step of a loop, in this writer only. */
  readonly #steps: ReadonlySet<Value>;
  readonly #nodes: OnnxNode[] = [];
  readonly #names = new Map<Value, Partial<Record<Layout, string>>>();
  readonly #done = new Set<Operation>();
  readonly #inside = new Map<Value, boolean>();

  constructor(shared: Shared, outer?: OnnxWriter, steps: ReadonlySet<Value> = new Set()) {
    this.#shared = shared;
    this.#outer = outer;
    this.#steps = steps;
  }

  static forModel(constants: Constants, rules: WritingRules, feedFrom = Infinity): OnnxWriter {
    return new OnnxWriter({
      rules,
      constants,
      initializers: [],
      initializerNames: new Map(),
      fed: [],
      feedFrom,
      names: 0,
      usesMl: false,
    });
  }

  get fed(): readonly FedWeight[] {
    return this.#shared.fed;
  }
  get usesMl(): boolean {
    return this.#shared.usesMl;
  }
  get initializers(): readonly OnnxTensor[] {
    return this.#shared.initializers;
  }
  get nodes(): readonly OnnxNode[] {
    return this.#nodes;
  }

  newName(): string {
    return `v${this.#shared.names++}`;
  }

  /** Gives a value a name, as for an input of the model. */
  define(value: Value, name: string, layout: Layout = 'last'): void {
    const known = this.#names.get(value) ?? {};
    known[layout] = name;
    if (value.shape.length < 3) known[layout === 'last' ? 'first' : 'last'] = name;
    this.#names.set(value, known);
  }

  /** Writes a value as an output of the model. */
  output(value: Value, name: string): void {
    this.#nodes.push({
      op: 'Identity',
      domain: '',
      inputs: [this.name(value)],
      outputs: [name],
      attributes: {},
    });
  }

  /** Name of a value in a layout. Writes what computes it, if that was not done. */
  name(value: Value, layout: Layout = 'last'): string {
    if (this.#isOutside(value)) return this.#outer?.name(value, layout) ?? '';
    if (this.isConstant(value)) return this.#constantName(value, layout);
    this.#compute(value);
    const known = this.#names.get(value) ?? {};
    const name = known[layout];
    if (name !== undefined) return name;
    const other = known[layout === 'last' ? 'first' : 'last'];
    if (other === undefined) throw new Error('a value of the graph has no source');
    const converted = this.emit('Transpose', [other], { perm: moveAxis(value.shape.length, layout) });
    this.define(value, converted, layout);
    return converted;
  }

  /** The layouts in which a value exists, once it is computed. */
  layouts(value: Value): { last: boolean; first: boolean; constant: boolean } {
    if (this.#isOutside(value) && this.#outer !== undefined) return this.#outer.layouts(value);
    if (this.isConstant(value)) return { last: true, first: true, constant: true };
    this.#compute(value);
    const known = this.#names.get(value) ?? {};
    return { last: known.last !== undefined, first: known.first !== undefined, constant: false };
  }

  /** A value with as many dimensions as `rank`, by dimensions of length 1 at the start. */
  nameOfRank(value: Value, rank: number, layout: Layout): string {
    if (layout === 'last' || rank < 3 || value.shape.length === 0 || elementsAreOne(value.shape))
      return this.name(value, 'last');
    if (value.shape.length === rank) return this.name(value, 'first');
    const missing = rank - value.shape.length;
    const padded = [...Array<number>(missing).fill(1), ...value.shape];
    if (this.isConstant(value)) {
      const constant = this.#shared.constants.get(value);
      return this.#initializer(
        toLayout({ shape: padded.map(Number), data: constant.data }, 'first'),
        value.dtype,
      );
    }
    const axes = this.integers(Array.from({ length: missing }, (_, axis) => axis));
    const unsqueezed = this.emit('Unsqueeze', [this.name(value), axes]);
    return this.emit('Transpose', [unsqueezed], { perm: moveAxis(rank, 'first') });
  }

  isConstant(value: Value): boolean {
    return this.#shared.constants.has(value);
  }

  constant(value: Value): Constant {
    return this.#shared.constants.get(value);
  }

  /** Writes a node with one output and returns its name. */
  emit(
    op: string,
    inputs: readonly string[],
    attributes: Record<string, OnnxAttribute> = {},
    domain = '',
  ): string {
    const [output = ''] = this.emitAll(op, inputs, attributes, 1, domain);
    return output;
  }

  emitAll(
    op: string,
    inputs: readonly string[],
    attributes: Record<string, OnnxAttribute>,
    outputs: number,
    domain = '',
  ): string[] {
    const names = Array.from({ length: outputs }, () => this.newName());
    if (domain !== '') this.#shared.usesMl = true;
    this.#nodes.push({ op, domain, inputs, outputs: names, attributes });
    return names;
  }

  /** A list of int64 numbers, as most operators of ONNX take axes and lengths. */
  integers(numbers: readonly number[]): string {
    return this.literal(BigInt64Array.from(numbers, BigInt), [numbers.length], 'int64');
  }

  literal(data: Numbers, shape: readonly number[], dtype: DType): string {
    return this.#initializer({ shape, data }, dtype);
  }

  number(value: number, dtype: DType = 'float32'): string {
    if (dtype === 'int64') return this.literal(BigInt64Array.of(BigInt(value)), [], dtype);
    return this.literal(dtype === 'float32' ? Float32Array.of(value) : Int32Array.of(value), [], dtype);
  }

  /** A length as an int64 tensor of shape (1). */
  lengthOf(length: Dimension): string {
    if (typeof length === 'number') return this.integers([length]);
    const { of, axis } = length;
    const layout = this.layouts(of).last ? 'last' : 'first';
    const at = layout === 'first' ? axisIn('first', axis, of.shape.length) : axis;
    return this.emit('Shape', [this.name(of, layout)], { start: at, end: at + 1 });
  }

  /** A shape as an int64 tensor. */
  shapeOf(shape: readonly Dimension[]): string {
    if (shape.every((length) => typeof length === 'number')) return this.integers(shape);
    return this.emit(
      'Concat',
      shape.map((length) => this.lengthOf(length)),
      { axis: 0 },
    );
  }

  /** Writes the body of a loop. */
  body(inputs: readonly Value[], outputs: readonly Value[]): OnnxGraph {
    const inner = new OnnxWriter(this.#shared, this, new Set(inputs));
    const names = inputs.map((value) => {
      const name = this.newName();
      inner.define(value, name);
      return name;
    });
    const results = outputs.map((value) => inner.emit('Identity', [inner.name(value)]));
    return {
      name: this.newName(),
      nodes: inner.#nodes,
      initializers: [],
      inputs: inputs.map((value, index) => onnxValue(names[index] ?? '', value)),
      outputs: outputs.map((value, index) => onnxValue(results[index] ?? '', value)),
    };
  }

  /** Whether a value does not depend on the step of this loop, so that it is computed once, outside. */
  #isOutside(value: Value): boolean {
    return this.#outer !== undefined && !this.#dependsOnStep(value);
  }

  #dependsOnStep(value: Value): boolean {
    if (this.#steps.has(value)) return true;
    const known = this.#inside.get(value);
    if (known !== undefined) return known;
    const { source } = value;
    const inside =
      source.kind === 'operation' && inputsOf(source.operation).some((input) => this.#dependsOnStep(input));
    this.#inside.set(value, inside);
    return inside;
  }

  #compute(value: Value): void {
    const { source } = value;
    if (source.kind !== 'operation') {
      if (this.#names.has(value)) return;
      throw new Error(`the graph has no value for its ${source.kind}`);
    }
    if (!this.#done.has(source.operation)) {
      this.#done.add(source.operation);
      // Compute inputs first, one after the other: a deep graph must not overflow the stack.
      this.#computeInputsOf(source.operation);
      const layout = this.#shared.rules.layoutOf(this, source.operation, value);
      this.#outputs.set(source.operation, {
        names: this.#shared.rules.lower(this, source.operation, layout, value),
        layout,
      });
    }
    const written = this.#outputs.get(source.operation);
    const name = written?.names[source.output];
    if (written === undefined || name === undefined)
      throw new Error(`${source.operation.op} has no output ${source.output}`);
    this.define(value, name, written.layout);
  }
  readonly #outputs = new Map<Operation, { names: readonly string[]; layout: Layout }>();

  #computeInputsOf(operation: Operation): void {
    const stack: Value[] = operation.op === 'scan' ? [] : inputsOf(operation);
    while (stack.length > 0) {
      const value = stack.at(-1);
      if (value === undefined) break;
      const ready = this.#isOutside(value) || this.isConstant(value) || this.#names.has(value);
      const pending =
        ready || value.source.kind !== 'operation' || value.source.operation.op === 'scan'
          ? []
          : inputsOf(value.source.operation).filter(
              (input) => !this.#isOutside(input) && !this.isConstant(input) && !this.#names.has(input),
            );
      if (pending.length > 0) {
        stack.push(...pending);
        continue;
      }
      stack.pop();
      if (!ready) this.#compute(value);
    }
  }

  #constantName(value: Value, layout: Layout): string {
    const known = this.#names.get(value)?.[layout];
    if (known !== undefined) return known;
    const constant = this.#shared.constants.get(value);
    const name =
      layout === 'last' && this.#feeds(value, constant)
        ? this.#feed(constant)
        : this.#initializer(toLayout(constant, layout), value.dtype);
    this.define(value, name, layout);
    return name;
  }

  #feeds(value: Value, { data }: Constant): boolean {
    return (
      value.shape.length === 2 && data instanceof Float32Array && data.byteLength >= this.#shared.feedFrom
    );
  }

  #feed({ shape, data }: Constant): string {
    const name = this.newName();
    if (data instanceof Float32Array) this.#shared.fed.push({ name, shape, data });
    return name;
  }

  /** Adds a constant. Small ones are shared if they are equal. */
  #initializer({ shape, data }: Constant, type: DType): string {
    const small = data.length <= 16;
    const key = small ? `${type} ${shape.join()} ${Array.from(data, String).join()}` : '';
    const known = small ? this.#shared.initializerNames.get(key) : undefined;
    if (known !== undefined) return known;
    const name = this.newName();
    this.#shared.initializers.push({ name, type, shape, data });
    if (small) this.#shared.initializerNames.set(key, name);
    return name;
  }
}

/** The permutation into a layout. */
export function moveAxis(rank: number, to: Layout): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return to === 'first' ? [0, rank - 1, ...axes.slice(1, -1)] : [0, ...axes.slice(2), 1];
}

/** Position of an axis in a layout. */
export function axisIn(layout: Layout, axis: number, rank: number): number {
  if (layout === 'last' || rank < 3 || axis === 0) return axis;
  return axis === rank - 1 ? 1 : axis + 1;
}

function toLayout(constant: Constant, layout: Layout): Constant {
  const rank = constant.shape.length;
  return layout === 'last' || rank < 3 ? constant : transpose(constant, moveAxis(rank, 'first'));
}

function elementsAreOne(shape: Shape): boolean {
  return shape.every((length) => length === 1);
}

export function onnxValue(name: string, value: Pick<Value, 'shape' | 'dtype'>): OnnxValue {
  return {
    name,
    type: value.dtype,
    shape: value.shape.map((length, axis) => (typeof length === 'number' ? length : `${name}_${axis}`)),
  };
}
