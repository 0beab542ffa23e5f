/**
 * Writes a full-size VGG-16 with random weights, in the layout of the official Keras file: 138,357,544 numbers, 553 MB.
 * Prints the path of the file. By default, it is in the folder for temporary files.
 *
 *   node bench/make-vgg16.mjs [FILE]
 */
import { tmpdir } from 'node:os';
import path from 'node:path';

import { File, ready } from 'h5wasm/node';

const BLOCKS = [
  { width: 64, convolutions: 2 },
  { width: 128, convolutions: 2 },
  { width: 256, convolutions: 3 },
  { width: 512, convolutions: 3 },
  { width: 512, convolutions: 3 },
];

const layers = new Map();
let channels = 3;
for (const [block, { width, convolutions }] of BLOCKS.entries()) {
  for (let index = 1; index <= convolutions; index++) {
    layers.set(`block${block + 1}_conv${index}`, [3, 3, channels, width]);
    channels = width;
  }
}
layers
  .set('fc1', [7 * 7 * 512, 4096])
  .set('fc2', [4096, 4096])
  .set('predictions', [4096, 1000]);

const OUTPUT_PATH = process.argv[2] ?? path.join(tmpdir(), 'vgg16_random_weights.h5');
await ready;
const file = new File(OUTPUT_PATH, 'w');
file.create_attribute('layer_names', [...layers.keys()], [layers.size], 'A12');
file.create_attribute('backend', 'tensorflow', null, 'A10');
file.create_attribute('keras_version', '2.1.6', null, 'A5');
for (const [layer, shape] of layers) {
  const group = file.create_group(layer);
  group.create_attribute('weight_names', [`${layer}/kernel:0`, `${layer}/bias:0`], [2], 'A24');
  const inner = group.create_group(layer);
  inner.create_dataset({ name: 'kernel:0', data: heUniform(shape), shape });
  const units = shape.slice(-1);
  inner.create_dataset({ name: 'bias:0', data: new Float32Array(units[0]), shape: units });
}
file.close();
console.log(OUTPUT_PATH);

/**
 * Random weights that keep the size of activations from layer to layer, so that no number overflows or underflows.
 *
 * Source: He et al., "Delving Deep into Rectifiers" (2015).
 */
function heUniform(shape) {
  const inputs = shape.slice(0, -1).reduce((product, length) => product * length, 1);
  const limit = Math.sqrt(6 / inputs) / 2 ** 31;
  const numbers = new Float32Array(inputs * shape.at(-1));
  let state = inputs;
  for (let index = 0; index < numbers.length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    numbers[index] = state * limit;
  }
  return numbers;
}
