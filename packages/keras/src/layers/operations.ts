import type { LayerEntry } from './layer.js';
import { ARITHMETIC } from './operations/arithmetic.js';
import { COMPARISON } from './operations/comparison.js';
import { CREATION } from './operations/creation.js';
import { DIAGONALS } from './operations/diagonals.js';
import { ELEMENTWISE } from './operations/elementwise.js';
import { FOURIER } from './operations/fourier.js';
import { IMAGES } from './operations/images.js';
import { INDEXING } from './operations/indexing.js';
import { JOINING } from './operations/joining.js';
import { LINEAR_ALGEBRA } from './operations/linear-algebra.js';
import { NEURAL } from './operations/neural.js';
import { PRODUCTS } from './operations/products.js';
import { REDUCTIONS } from './operations/reductions.js';
import { REFUSED } from './operations/refused.js';
import { SCATTERING } from './operations/scattering.js';
import { SERIES } from './operations/series.js';
import { SHAPES } from './operations/shapes.js';
import { SORTING } from './operations/sorting.js';
import { STATISTICS } from './operations/statistics.js';
import { WINDOWS } from './operations/windows.js';

/** The operations of `keras.ops` that may stand in a graph like layers. */
export const OPERATIONS: Readonly<Record<string, LayerEntry>> = {
  ...ARITHMETIC,
  ...COMPARISON,
  ...CREATION,
  ...DIAGONALS,
  ...ELEMENTWISE,
  ...FOURIER,
  ...IMAGES,
  ...INDEXING,
  ...JOINING,
  ...LINEAR_ALGEBRA,
  ...NEURAL,
  ...PRODUCTS,
  ...REDUCTIONS,
  ...REFUSED,
  ...SCATTERING,
  ...SERIES,
  ...SHAPES,
  ...SORTING,
  ...STATISTICS,
  ...WINDOWS,
};
