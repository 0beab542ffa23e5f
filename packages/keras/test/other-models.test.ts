import { describe, expect, test } from '@jest/globals';

import { refusal } from './support/refusal.js';
import {
  type LayerJson,
  tinyConfig,
  tinyWeights,
  writeFile,
  writeNamed,
  writeWhole,
} from './support/tiny-vgg.js';

describe('loading a whole model that is not a VGG-16', () => {
  const whole = (change: (layers: LayerJson[]) => void) =>
    writeFile((file) => {
      const layers = tinyConfig();
      change(layers);
      writeWhole(file, layers);
    });
  const configOf = (layers: LayerJson[], name: string) =>
    layers.find(({ config }) => config['name'] === name)?.config ?? {};

  test('rejects a Lambda layer and does not execute its code', async () => {
    const file = await whole((layers) => {
      layers.splice(3, 0, { class_name: 'Lambda', config: { name: 'evil', function: ['4wEA', null, null] } });
    });
    const error = await refusal(file);
    expect(error).toMatchObject({ code: 'ERR_KERAS_UNSUPPORTED_LAYER', layer: 'evil' });
    expect(error.message).toContain('Lambda');
  });
  test.each([
    [
      'a missing layer',
      (layers: LayerJson[]) => {
        layers.splice(4, 1);
      },
    ],
    [
      'an extra layer',
      (layers: LayerJson[]) => {
        layers.push({ class_name: 'Dense', config: { name: 'more', units: 2 } });
      },
    ],
    [
      'a dilated convolution',
      (layers: LayerJson[]) => {
        configOf(layers, 'block2_conv1')['dilation_rate'] = [2, 2];
      },
    ],
    [
      'a convolution without padding',
      (layers: LayerJson[]) => {
        delete configOf(layers, 'block2_conv1')['padding'];
      },
    ],
    [
      'a grouped convolution',
      (layers: LayerJson[]) => {
        configOf(layers, 'block2_conv1')['groups'] = 2;
      },
    ],
    [
      'another activation',
      (layers: LayerJson[]) => {
        configOf(layers, 'fc1')['activation'] = 'tanh';
      },
    ],
    [
      'the data format channels_first',
      (layers: LayerJson[]) => {
        configOf(layers, 'block1_pool')['data_format'] = 'channels_first';
      },
    ],
    [
      'an input of unknown size',
      (layers: LayerJson[]) => {
        configOf(layers, 'image')['batch_input_shape'] = [null, null, null, 3];
      },
    ],
  ])('rejects %s', async (_, change) => {
    expect(await refusal(await whole(change))).toMatchObject({ code: 'ERR_KERAS_NOT_THIS_ARCHITECTURE' });
  });
  test('rejects an absurd width', async () => {
    const file = await whole((layers) => {
      configOf(layers, 'fc1')['units'] = 1e12;
    });
    expect(await refusal(file)).toMatchObject({ code: 'ERR_KERAS_WRONG_SHAPE', layer: 'fc1' });
  });
  test('rejects a width that is not a number', async () => {
    const file = await whole((layers) => {
      configOf(layers, 'fc1')['units'] = '3';
    });
    expect(await refusal(file)).toMatchObject({ code: 'ERR_KERAS_MODEL_CONFIG', layer: 'fc1' });
  });
  test.each([
    ['text that is not JSON', '{'],
    ['null', 'null'],
    ['a model without layers', '{"class_name":"Functional","config":{}}'],
    ['a layer without config', '{"class_name":"Functional","config":{"layers":[{"class_name":"Dense"}]}}'],
  ])('rejects a model_config: %s', async (_, config) => {
    const file = await writeFile((file) => {
      file.create_attribute('model_config', config);
      writeNamed(file.create_group('model_weights'), tinyWeights());
    });
    expect(await refusal(file)).toMatchObject({ code: 'ERR_KERAS_MODEL_CONFIG' });
  });
  test('rejects a model with branches', async () => {
    const file = await writeFile((file) => {
      const layers = tinyConfig().map((layer, index) => ({
        ...layer,
        name: layer.config['name'],
        inbound_nodes: index === 0 ? [] : [[['image', 0, 0, {}]]],
      }));
      writeWhole(file, layers, tinyWeights(), 'Functional');
    });
    expect(await refusal(file)).toMatchObject({ code: 'ERR_KERAS_NOT_THIS_ARCHITECTURE' });
  });
});
