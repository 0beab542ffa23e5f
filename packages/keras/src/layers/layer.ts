import type { LayerSpec, Settings } from '../config/model-spec.js';
import type { Builder } from '../graph/builder.js';
import { GraphError } from '../graph/shapes.js';
import type { DType, Value } from '../graph/value.js';

/** A value with its mask, a boolean value of shape (batch, time): false where a step does not count. */
export interface Masked {
  value: Value;
  mask: Value | undefined;
}

/** An argument of a call: a tensor, a list or a plain value from the configuration. */
export type CallArgument =
  /** `dtype`: the type in Keras, if the file states it. */
  | { kind: 'tensor'; tensor: Masked; dtype?: string }
  | { kind: 'list'; items: readonly CallArgument[] }
  | { kind: 'value'; value: unknown };

export interface WeightOptions {
  /**
   * Whether training changes the weight by gradients. Files keep other weights, such as moving means, after these.
   *
   * @default true
   */
  trainable?: boolean;
  /** @default 'float32' */
  dtype?: DType;
  /**
   * Whether it is the kernel of a convolution, which Theano kept rotated by 180 degrees.
   *
   * @default false
   */
  convolution?: boolean;
}

/** Another form in which old files keep the weights of a layer. */
export interface OldForm {
  /**
   * Shapes of the stored weights.
   *
   * @param shapes Those of the layer's own weights, in the order in which it declares them.
   */
  shapes: (shapes: readonly (readonly number[])[]) => readonly (readonly number[])[];
  /** Makes the layer's own weights from the stored ones. */
  combine: (build: Builder, stored: readonly Value[]) => readonly Value[];
}

/** What is known of a layer inside another one. */
export interface InnerLayer {
  /** @default the attribute */
  className?: string;
  /** @default [] */
  old?: readonly OldForm[];
}

/**
 * Declares a weight of the layer and returns its value. Declare weights in the order in which the layer creates them in
 * Keras, because files keep that order. The file's numbers must have this shape.
 */
export type DeclareWeight = (name: string, shape: readonly number[], options?: WeightOptions) => Value;

/** One call of a layer, to be written as operations. */
export interface LayerCall {
  readonly name: string;
  /** Class name as in Keras 3. */
  readonly className: string;
  /** The layer's settings as the file states them, with the names of Keras 3. */
  readonly config: Settings;
  /** The tensors that the layer is called with: one, or those of a list. */
  readonly inputs: readonly Value[];
  /** Their masks. */
  readonly masks: readonly (Value | undefined)[];
  /** All positional arguments. */
  readonly args: readonly CallArgument[];
  readonly kwargs: Readonly<Record<string, CallArgument>>;
  /** Type of the first output in Keras, if the file states it. */
  readonly outputDtype?: string;
  readonly weights: DeclareWeight;
  /** A text that the file keeps for the layer beside its settings, such as `vocabulary.txt`, if there is one. */
  readonly asset: (name: string) => string | undefined;
  /** Makes the values that the layer computes. */
  readonly build: Builder;
  /** The layers inside this one, by the name of the setting that holds them. */
  readonly wrapped: Readonly<Record<string, readonly LayerSpec[]>>;
  /**
   * Calls a layer inside this one.
   *
   * @param attribute Name of the Python attribute that holds the layer: files name its weights by it. For a layer in a
   * list, the path as files write it, for example `cells/lstm_cell_1`.
   */
  readonly call: (layer: LayerSpec, attribute: string, inputs: readonly Masked[]) => Masked[];
  /** Declares weights of a layer inside this one, which is not called as a whole. */
  readonly inner: (attribute: string, layer?: InnerLayer) => DeclareWeight;
  /** Says in which other forms old files keep the weights of this layer. */
  readonly oldForms: (...forms: readonly OldForm[]) => void;
}

/** What a layer computes: one value, several, or values with masks. */
export type Lowered =
  Value | readonly Value[] | { values: readonly Value[]; masks: readonly (Value | undefined)[] };

/** Writes a call of a layer as operations of the graph. */
export type Lowering = (call: LayerCall) => Lowered;

/** What this package does with a class of layers. */
export type LayerEntry =
  /** `masks`: whether the masks of the inputs go on to the outputs, unless the lowering says otherwise. */
  | { kind: 'runs'; lower: Lowering; masks: 'pass' | 'drop' }
  /** Changes nothing when the model predicts, unless `floats`: then it makes floats of integers. */
  | { kind: 'identity'; floats: boolean }
  /** Cannot be run; `reason` is the end of a sentence. */
  | { kind: 'refused'; reason: string };

export function runs(lower: Lowering, masks: 'pass' | 'drop' = 'drop'): LayerEntry {
  return { kind: 'runs', lower, masks };
}

export const identity: LayerEntry = { kind: 'identity', floats: false };

/** A layer that changes images only in training. */
export const identityOfImages: LayerEntry = { kind: 'identity', floats: true };

export function refused(reason: string): LayerEntry {
  return { kind: 'refused', reason };
}

/** A setting or use of a known layer that this package cannot run. The message is the end of a sentence. */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError';
}

/** The only input of a layer. */
export function inputOf({ inputs }: LayerCall): Value {
  const [input] = inputs;
  if (input === undefined || inputs.length > 1)
    throw new GraphError(`needs 1 input, but has ${inputs.length}`);
  return input;
}

/** Tensors of an argument, in order. */
export function tensorsIn(argument: CallArgument | undefined): Masked[] {
  if (argument?.kind === 'tensor') return [argument.tensor];
  return argument?.kind === 'list' ? argument.items.flatMap(tensorsIn) : [];
}
