import { ARRAYS } from './arrays.js';
import { MATHEMATICS } from './mathematics.js';
import { NETWORKS } from './networks.js';
import type { FunctionEntry } from './rewrite.js';

/** Functions of TensorFlow, by their names without `compat.v1.`. */
export const FUNCTIONS: Readonly<Record<string, FunctionEntry>> = { ...ARRAYS, ...MATHEMATICS, ...NETWORKS };
