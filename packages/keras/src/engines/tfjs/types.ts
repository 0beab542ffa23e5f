import type { DType } from '../../graph/value.js';

/** The types of TensorFlow.js, which has no int64. */
export function tfType(dtype: DType): 'float32' | 'int32' | 'bool' | 'string' {
  return dtype === 'int64' ? 'int32' : dtype;
}
