import { ModelFileError } from '../../../errors.js';
import { integerAttribute } from '../attributes.js';
import type { Dataset } from '../dataset.js';
import type { Hdf5File } from '../hdf5-file.js';
import type { KernelConvention, StoredLayer, StoredWeight } from '../stored-model.js';
import { recogniseVgg16Kernels } from './genuine-vgg16.js';

/** No network of that time had nearly as many layers. A file above this limit is damaged. */
const MAX_LAYERS = 10_000;

/**
 * Lists weights that are stored by layer number, as Keras 0.x and 1.0 did. The attribute `nb_layers` counts the groups
 * `layer_0`, `layer_1` and so on. The attribute `nb_params` of each group counts its datasets `param_0`, `param_1` and
 * so on.
 *
 * Convolution kernels have the shape (output channels, input channels, rows, columns). The rows of a dense kernel after
 * a Flatten are in the order channel, row, column.
 *
 * @param flatten Whether the model flattens images with the channels first, as the file has it, or last.
 *
 * Source: `Sequential.save_weights` of Keras 0.3.
 *
 * @returns `undefined` if the file has no attribute `nb_layers`.
 * @throws {ModelFileError} When a counted layer or weight is missing, or it is unknown whether the kernels are rotated.
 */
export function readNumberedLayers(
  file: Hdf5File,
  kernels: KernelConvention | undefined,
  flatten: 'channels first' | 'channels last',
): StoredLayer[] | undefined {
  const count = integerAttribute(file, '/', 'nb_layers');
  if (count === undefined) return undefined;
  if (count < 0 || count > MAX_LAYERS) {
    throw new ModelFileError(
      'ERR_KERAS_DAMAGED',
      `nb_layers must be from 0 to ${MAX_LAYERS}, but is ${count}: ${file.path}`,
      { file: file.path },
    );
  }
  const layers = Array.from({ length: count }, (_, index) => readDatasets(file, `layer_${index}`));

  let convention = kernels;
  let channels: number | undefined;
  return layers.map(({ name, datasets }) => ({
    name,
    weights: datasets.map((dataset): StoredWeight => {
      const { shape } = dataset;
      const [first = 0, second = 0, rows = 0, columns = 0] = shape;
      if (shape.length === 4) {
        convention ??= recogniseVgg16Kernels(file, dataset);
        channels = first;
        return {
          dataset,
          shape: [rows, columns, second, first],
          arrangement: { kind: 'channels first kernel', rotated: convention === 'convolution' },
        };
      }
      // Only the first dense layer after a convolution reads the output of Flatten.
      if (flatten === 'channels last' && shape.length === 2 && channels !== undefined) {
        const flattened = channels;
        channels = undefined;
        if (flattened > 0 && first % flattened === 0) {
          return { dataset, shape, arrangement: { kind: 'channels first rows', channels: flattened } };
        }
      }
      return { dataset, shape, arrangement: { kind: 'as stored' } };
    }),
  }));
}

function readDatasets(file: Hdf5File, name: string): { name: string; datasets: Dataset[] } {
  if (file.kind(`/${name}`) !== 'group') {
    throw new ModelFileError(
      'ERR_KERAS_MISSING_LAYER',
      `Layer ${name}: nb_layers counts it, but the file has no such group: ${file.path}`,
      {
        file: file.path,
        layer: name,
      },
    );
  }
  const count = integerAttribute(file, `/${name}`, 'nb_params') ?? 0;
  const datasets: Dataset[] = [];
  for (let index = 0; index < count; index++) {
    const path = `/${name}/param_${index}`;
    if (file.kind(path) !== 'dataset') {
      throw new ModelFileError(
        'ERR_KERAS_MISSING_WEIGHT',
        `Layer ${name}: nb_params counts ${path}, but the file has no such dataset: ${file.path}`,
        {
          file: file.path,
          layer: name,
          weight: path,
        },
      );
    }
    datasets.push(file.dataset(path));
  }
  return { name, datasets };
}
