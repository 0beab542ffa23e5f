/** A layer or operation of a chain. */
export interface ChainLayer {
  className: string;
  config: object;
  /** Arguments of its call after the first, which is the output before it. */
  args?: readonly unknown[];
  kwargs?: object;
}

/**
 * The configuration of a chain of layers as Keras 3 writes it: an input `x`, then `layer_0`, `layer_1` and so on.
 *
 * @param shape Shape of all tensors; null for a length that the file leaves open.
 * @param module The module of Keras that has the classes.
 */
export function keras3Chain(
  shape: readonly (number | null)[],
  layers: readonly ChainLayer[],
  module = 'keras.layers',
): unknown {
  const tensor = (name: string) => ({
    class_name: '__keras_tensor__',
    config: { shape, dtype: 'float32', keras_history: [name, 0, 0] },
  });
  return {
    class_name: 'Functional',
    config: {
      name: 'model',
      layers: [
        {
          module: 'keras.layers',
          class_name: 'InputLayer',
          name: 'x',
          config: { name: 'x', batch_shape: shape, dtype: 'float32' },
          inbound_nodes: [],
        },
        ...layers.map(({ className, config, args = [], kwargs = {} }, index) => ({
          module,
          class_name: className,
          name: `layer_${index}`,
          config: { name: `layer_${index}`, ...config },
          inbound_nodes: [{ args: [tensor(index === 0 ? 'x' : `layer_${index - 1}`), ...args], kwargs }],
        })),
      ],
      input_layers: [['x', 0, 0]],
      output_layers: [[`layer_${layers.length - 1}`, 0, 0]],
    },
  };
}
