import { ModelFileError } from '../errors.js';
import { textAttribute } from './attributes.js';
import type { Hdf5File } from './hdf5-file.js';
import { readNamedLayers } from './layouts/named.js';
import { readNumberedLayers } from './layouts/numbered.js';
import type { KernelConvention, StoredModel } from './stored-model.js';

/**
 * Detects the layout of a file and lists its layers and weights. Does not read the numbers of the weights.
 *
 * @throws {ModelFileError} When the layout is unknown, unsupported or damaged.
 */
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
      `The file is a ".weights.h5" file of Keras 3. This format is not supported yet. Use a weights-only file of ` +
        `Keras 1 or 2, or a whole model (".h5"). File: ${file.path}`,
      { file: file.path },
    );
  }
  throw new ModelFileError(
    'ERR_KERAS_UNKNOWN_LAYOUT',
    `The HDF5 file is not a Keras model. It has no attribute layer_names or nb_layers and no group model_weights. File: ${file.path}`,
    { file: file.path },
  );
}
