import { ModelFileError } from '../errors.js';
import { textAttribute } from './attributes.js';
import type { Hdf5File } from './hdf5-file.js';
import { readNamedLayers } from './layouts/named.js';
import { readNumberedLayers } from './layouts/numbered.js';
import type { KernelConvention, StoredModel } from './stored-model.js';

/** Finds out the layout of a file and lists its layers and weights, without reading a number of them. */
export function readModel(file: Hdf5File, kernels: KernelConvention | undefined): StoredModel {
  if (file.kind('/model_weights') === 'group') {
    const layers = readNamedLayers(file, '/model_weights', kernels);
    const config = textAttribute(file, '/', 'model_config');
    if (layers !== undefined && config !== undefined)
      return { layout: 'whole model', named: true, layers, config };
    if (layers !== undefined) return { layout: 'weights by layer name', named: true, layers };
  }
  const named = readNamedLayers(file, '/', kernels);
  if (named !== undefined) return { layout: 'weights by layer name', named: true, layers: named };

  const numbered = readNumberedLayers(file, kernels);
  if (numbered !== undefined) return { layout: 'Keras 1 (nb_layers)', named: false, layers: numbered };

  if (file.kind('/layers') === 'group' || file.kind('/_layer_checkpoint_dependencies') === 'group') {
    throw new ModelFileError(
      'ERR_KERAS_UNSUPPORTED_FORMAT',
      `This is a Keras 3 ".weights.h5" file; that format is not supported yet. Supported are the weights files of ` +
        `Keras 1 and 2 and whole models (".h5"). File: ${file.path}`,
      { file: file.path },
    );
  }
  throw new ModelFileError(
    'ERR_KERAS_UNKNOWN_LAYOUT',
    `This HDF5 file is no Keras model: it has neither the attribute layer_names nor nb_layers, nor a group model_weights: ${file.path}`,
    { file: file.path },
  );
}
