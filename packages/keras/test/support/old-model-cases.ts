import type { ModelCase } from './model-cases.js';

let seed = 5;
const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 4294967296 - 0.5;
const tensor = (...shape: number[]) => ({
  shape,
  data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random),
});

type Tensor = ReturnType<typeof tensor>;

/** A model of one layer that Keras 3 does not have. Other tests check its numbers. */
function oldCase(
  className: string,
  settings: object,
  { inputs, weights = [] }: { inputs: Tensor[]; weights?: Tensor[] },
): ModelCase {
  const names = inputs.map((_, index) => `in${index}`);
  const layer = (name: string, of: string, config: object, from: readonly string[]) => ({
    class_name: of,
    name,
    config: { name, trainable: true, ...config },
    inbound_nodes: from.length === 0 ? [] : [from.map((one) => [one, 0, 0, {}])],
  });
  return {
    name: className,
    config: {
      class_name: 'Model',
      config: {
        name: 'model',
        layers: [
          ...inputs.map(({ shape }, index) =>
            layer(`in${index}`, 'InputLayer', { batch_input_shape: [null, ...shape.slice(1)] }, []),
          ),
          layer('old', className, settings, names),
        ],
        input_layers: names.map((name) => [name, 0, 0]),
        output_layers: [['old', 0, 0]],
      },
    },
    layers: weights.length === 0 ? [] : [{ name: 'old', weights }],
    inputs,
    outputs: [],
  };
}

/** For each layer that only older versions of Keras have, or only `keras.applications`, a model. */
export const OLD_CASES: readonly ModelCase[] = [
  oldCase('CustomScaleLayer', { scale: 0.2 }, { inputs: [tensor(2, 4), tensor(2, 4)] }),
  oldCase(
    'Highway',
    { activation: 'tanh' },
    { inputs: [tensor(2, 3)], weights: [tensor(3, 3), tensor(3, 3), tensor(3), tensor(3)] },
  ),
  oldCase(
    'LayerScale',
    { projection_dim: 4, init_values: 1 },
    { inputs: [tensor(2, 3, 4)], weights: [tensor(4)] },
  ),
  oldCase(
    'LocallyConnected1D',
    { filters: 3, kernel_size: [2] },
    { inputs: [tensor(2, 5, 2)], weights: [tensor(4, 4, 3), tensor(4, 3)] },
  ),
  oldCase(
    'LocallyConnected2D',
    { filters: 3, kernel_size: [2, 2] },
    { inputs: [tensor(2, 3, 4, 2)], weights: [tensor(6, 8, 3), tensor(2, 3, 3)] },
  ),
  oldCase(
    'MaxoutDense',
    { units: 3, nb_feature: 2 },
    { inputs: [tensor(2, 4)], weights: [tensor(2, 4, 3), tensor(2, 3)] },
  ),
  ...['sum', 'mul', 'max', 'ave', 'concat', 'dot', 'cos'].map((mode) =>
    oldCase('Merge', { mode, dot_axes: 1 }, { inputs: [tensor(2, 4), tensor(2, 4)] }),
  ),
  oldCase('ParametricSoftplus', {}, { inputs: [tensor(2, 4)], weights: [tensor(4), tensor(4)] }),
  oldCase('RandomHeight', { factor: 0.2 }, { inputs: [tensor(1, 3, 3, 1)] }),
  oldCase('RandomWidth', { factor: 0.2 }, { inputs: [tensor(1, 3, 3, 1)] }),
  oldCase('SReLU', {}, { inputs: [tensor(2, 4)], weights: [tensor(4), tensor(4), tensor(4), tensor(4)] }),
  oldCase('ThresholdedReLU', { theta: 0.1 }, { inputs: [tensor(2, 4)] }),
];
