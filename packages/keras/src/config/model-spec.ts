/** The settings of a layer, with the names of Keras 3, whichever version wrote them. */
export type Settings = Readonly<Record<string, unknown>>;

/** A layer or operation of a model, as its configuration states it, in the form of Keras 3. */
export interface LayerSpec {
  name: string;
  /** Name of the class in Keras 3. */
  className: string;
  /** A layer, or an operation of `keras.ops` that stands in a graph like a layer. */
  kind: 'layer' | 'operation';
  /** Registered under a name of the user's own, or of a module that is not Keras's. */
  custom: boolean;
  /** Whether the file states the name. Old files leave out that of a nested model. */
  named: boolean;
  settings: Settings;
  /** A layer that is not trained keeps its weights in another order in HDF5 files of Keras 1 and 2. */
  trainable: boolean;
  /** The layers of a nested model. */
  model?: ModelSpec;
  /** The layers inside a wrapper, by the name of the setting that holds them. */
  wrapped: Readonly<Record<string, readonly LayerSpec[]>>;
}

/** A model as a graph of layers. A Sequential is a chain. */
export interface ModelSpec {
  name: string;
  /** `Sequential` or `Functional`: HDF5 files of Keras 3 name groups after it. */
  className: string;
  layers: readonly LayerSpec[];
  /** The calls of the layers, in an order in which each comes after those that it depends on. */
  calls: readonly CallSpec[];
  inputs: readonly TensorReference[];
  outputs: readonly TensorReference[];
}

/** One call of a layer. */
export interface CallSpec {
  layer: LayerSpec;
  /** How often the layer was called before, in this model. */
  index: number;
  args: readonly Argument[];
  kwargs: Readonly<Record<string, Argument>>;
  /** Type of the first output in Keras, if the file states it where the output is used. */
  dtype?: string;
}

/** An output of a call. */
export interface TensorReference {
  layer: string;
  call: number;
  output: number;
  /** Type in Keras, if the file states it. */
  dtype?: string;
}

export type Argument =
  | { kind: 'tensor'; tensor: TensorReference }
  | { kind: 'list'; items: readonly Argument[] }
  | { kind: 'value'; value: unknown };

/** All tensors of an argument, in order. */
export function tensorsOf(argument: Argument): TensorReference[] {
  switch (argument.kind) {
    case 'tensor':
      return [argument.tensor];
    case 'list':
      return argument.items.flatMap(tensorsOf);
    case 'value':
      return [];
  }
}
