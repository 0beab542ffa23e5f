import { type LayerEntry, refused } from '../layer.js';

const holdsFunction = refused('it holds a Python function, which is never run');
const decomposition = refused('it decomposes matrices, which this package cannot do');
const unknownShape = refused('the shape of its result depends on the numbers');
const loss = refused('it is for training');
const complexNumbers = refused('it computes with complex numbers');
const warp = refused('it warps images, which this package cannot do as TensorFlow does');

/** Operations of Keras that cannot be run. */
export const REFUSED: Readonly<Record<string, LayerEntry>> = {
  AffineTransform: warp,
  Argpartition: refused('the order of its result is not defined'),
  AssociativeScan: holdsFunction,
  BinaryCrossentropy: loss,
  Bincount: unknownShape,
  CTCDecode: refused('it decodes labels of unknown length'),
  CTCLoss: loss,
  CategoricalCrossentropy: loss,
  Cholesky: decomposition,
  CholeskyInverse: decomposition,
  Cond: holdsFunction,
  Det: decomposition,
  Eig: decomposition,
  Eigh: decomposition,
  ElasticTransform: refused('it is random'),
  ForiLoop: holdsFunction,
  Histogram: refused('Keras 3.15 cannot run it either'),
  Inv: decomposition,
  JVP: holdsFunction,
  Logdet: decomposition,
  Lstsq: decomposition,
  LuFactor: decomposition,
  Map: holdsFunction,
  MapCoordinates: warp,
  MatrixRank: decomposition,
  Nanmedian: refused('it leaves out a number of entries that depends on the numbers'),
  Nanpercentile: refused('it leaves out a number of entries that depends on the numbers'),
  Nanquantile: refused('it leaves out a number of entries that depends on the numbers'),
  Nextafter: refused('it needs the bits of numbers'),
  Nonzero: unknownShape,
  PSNR: loss,
  PerspectiveTransform: warp,
  Pinv: decomposition,
  Polar: complexNumbers,
  Qr: decomposition,
  SVD: decomposition,
  Scan: holdsFunction,
  SegmentReduction: refused('it is the base of other operations'),
  Slogdet: decomposition,
  Solve: decomposition,
  SolveTriangular: decomposition,
  SparseCategoricalCrossentropy: loss,
  Switch: holdsFunction,
  Unique: unknownShape,
  VectorizedMap: holdsFunction,
  ViewAsComplex: complexNumbers,
  ViewAsReal: complexNumbers,
  WhileLoop: holdsFunction,
};
