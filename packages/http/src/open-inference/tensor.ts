/** How the elements of each datatype of the Open Inference Protocol are held in memory. */
export interface TensorData {
  /** 0 or 1. */
  BOOL: Uint8Array;
  /** 8 bits, signed. */
  INT8: Int8Array;
  /** 16 bits, signed. */
  INT16: Int16Array;
  /** 32 bits, signed. */
  INT32: Int32Array;
  /** 64 bits, signed. */
  INT64: BigInt64Array;
  /** 8 bits, unsigned. */
  UINT8: Uint8Array;
  /** 16 bits, unsigned. */
  UINT16: Uint16Array;
  /** 32 bits, unsigned. */
  UINT32: Uint32Array;
  /** 64 bits, unsigned. */
  UINT64: BigUint64Array;
  /** The bits of IEEE 754 half precision. */
  FP16: Uint16Array;
  /** The bits of bfloat16. */
  BF16: Uint16Array;
  /** IEEE 754 single precision. */
  FP32: Float32Array;
  /** IEEE 754 double precision. */
  FP64: Float64Array;
  /** Byte strings of any length: one for each element. */
  BYTES: readonly Uint8Array[];
}

/** A datatype of the Open Inference Protocol. */
export type Datatype = keyof TensorData;

/** A tensor: its elements are in row-major order. */
export type Tensor = {
  [D in Datatype]: { readonly datatype: D; readonly shape: readonly number[]; readonly data: TensorData[D] };
}[Datatype];

/** Tensors by name: the argument of the pipeline's method, and its result. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** An input or an output of a model. */
export interface TensorSpec {
  /** Its name. */
  readonly name: string;
  /** The datatype of its elements. */
  readonly datatype: Datatype;
  /** Its dimensions. -1 stands for any size, such as that of the batch. */
  readonly shape: readonly number[];
}

/** Any of these holds the elements of a tensor. */
export type Elements = TensorData[Exclude<Datatype, 'BYTES'>];

interface ElementsClass {
  new (source: number | ArrayBuffer): Elements;
  readonly BYTES_PER_ELEMENT: number;
}

/** The class that holds the elements of each datatype with elements of a fixed size. */
export const ELEMENTS = {
  BOOL: Uint8Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  FP16: Uint16Array,
  BF16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
} satisfies Record<Exclude<Datatype, 'BYTES'>, ElementsClass>;

/** The number of elements of a shape; `undefined` if it has a dimension that is no size, or more elements than exist. */
export function elementsOf(shape: readonly unknown[]): number | undefined {
  let product = 1;
  for (const size of shape) {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined;
    product *= size;
  }
  return Number.isSafeInteger(product) ? product : undefined;
}

/** Whether a shape is one of those that a model declares. */
export function fits(shape: readonly number[], declared: readonly number[]): boolean {
  return shape.length === declared.length && declared.every((size, i) => size === -1 || size === shape[i]);
}

/** Makes a tensor. The caller has made the data by the table `ELEMENTS`. */
export function tensor(datatype: Datatype, shape: readonly number[], data: Tensor['data']): Tensor {
  return { datatype, shape, data } as Tensor; // datatype and data belong together, which their types do not say
}
