import { ModelFileError } from '../../../errors.js';
import { namesAttribute, textAttribute } from '../attributes.js';
import type { Hdf5File } from '../hdf5-file.js';
import type { KernelConvention, StoredLayer, StoredWeight } from '../stored-model.js';

/**
 * Lists weights that are stored by layer name. The attribute `layer_names` lists the layers, and each layer has a
 * group. The group's attribute `weight_names` lists its datasets in the layer's own order. Keras 1.1 and later write
 * this layout, and every whole-model `.h5` has it in the group `model_weights`.
 *
 * Source: `save_weights_to_hdf5_group` of Keras 2.
 *
 * @param root Path of the group that has the attribute `layer_names`.
 * @returns `undefined` if the group has no such attribute.
 * @throws {ModelFileError} When a listed layer or weight is missing.
 */
export function readNamedLayers(
  file: Hdf5File,
  root: string,
  kernels: KernelConvention | undefined,
): { layers: StoredLayer[]; rotated: boolean } | undefined {
  const layerNames = namesAttribute(file, root, 'layer_names');
  if (layerNames === undefined) return undefined;
  const convention = kernels ?? conventionOf(file, root, layerNames);
  const layers = layerNames.map((name) => readLayer(file, `${root === '/' ? '' : root}/${name}`, name));
  return { layers, rotated: convention === 'convolution' };
}

/**
 * Says whether Theano wrote the file. Keras 2 states the backend, and rotates the kernels too
 * (`preprocess_weights_for_loading`). Keras 1 names weights after the backend's variables: `…_W:0` on TensorFlow and
 * `…_W` on Theano.
 */
function conventionOf(file: Hdf5File, root: string, layers: readonly string[]): KernelConvention {
  const backend =
    textAttribute(file, root, 'backend') ?? (root === '/' ? undefined : textAttribute(file, '/', 'backend'));
  if (backend !== undefined) return backend === 'theano' ? 'convolution' : 'correlation';
  const names = layers
    .map((layer) => `${root === '/' ? '' : root}/${layer}`)
    .filter((path) => file.kind(path) === 'group')
    .flatMap((path) => namesAttribute(file, path, 'weight_names') ?? []);
  const kernels = names.filter((name) => /_W(:0)?$/u.test(name));
  return kernels.length > 0 && kernels.every((name) => !name.endsWith(':0')) ? 'convolution' : 'correlation';
}

function readLayer(file: Hdf5File, path: string, name: string): StoredLayer {
  if (file.kind(path) !== 'group') {
    throw new ModelFileError(
      'ERR_KERAS_MISSING_LAYER',
      `layer_names lists ${name}, but the file has no group ${path}: ${file.path}`,
      {
        file: file.path,
        layer: name,
      },
    );
  }
  const weightNames = namesAttribute(file, path, 'weight_names');
  if (weightNames === undefined) {
    throw new ModelFileError(
      'ERR_KERAS_DAMAGED',
      `Layer ${name} has no attribute weight_names: ${file.path}`,
      {
        file: file.path,
        layer: name,
      },
    );
  }
  return { name, weights: weightNames.map((weight) => readWeight(file, `${path}/${weight}`, name)) };
}

function readWeight(file: Hdf5File, path: string, layer: string): StoredWeight {
  if (file.kind(path) !== 'dataset') {
    throw new ModelFileError(
      'ERR_KERAS_MISSING_WEIGHT',
      `Layer ${layer}: weight_names lists ${path}, but the file has no such dataset: ${file.path}`,
      { file: file.path, layer, weight: path },
    );
  }
  const dataset = file.dataset(path);
  return { dataset, shape: dataset.shape, arrangement: { kind: 'as stored' } };
}
