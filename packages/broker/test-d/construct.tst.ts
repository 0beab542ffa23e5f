import { Broker } from '@dual/broker';
import { describe, expect, test } from 'tstyche';

import type { makeDefault, makePipeline, makePipelineLater, Pipeline } from './pipelines.js';

const url = new URL('./pipelines.js', import.meta.url);

describe('the constructor arguments of the pipeline', () => {
  test('are required if the factory requires them', () => {
    expect(Broker.start<typeof makePipeline>).type.toBeCallableWith(url, { args: ['vgg16_weights.h5'] });
    expect(Broker.start<typeof makePipeline>).type.not.toBeCallableWith(url, {});
    expect(Broker.start<typeof makePipeline>).type.not.toBeCallableWith(url);
  });

  test('have the types and the number of the parameters of the factory', () => {
    expect(Broker.start<typeof makePipeline>).type.not.toBeCallableWith(url, { args: [16] });
    expect(Broker.start<typeof makePipeline>).type.not.toBeCallableWith(url, { args: ['a', 'b'] });
    expect(Broker.start<typeof makePipeline>).type.not.toBeCallableWith(url, { args: 'vgg16_weights.h5' });
  });

  test('may be left out if the factory has defaults', () => {
    expect(Broker.start<typeof makeDefault>).type.toBeCallableWith(url);
    expect(Broker.start<typeof makeDefault>).type.toBeCallableWith(url, { args: ['vgg16_weights.h5'] });
    expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, { args: [16] });
  });

  test('are the arguments of the constructor if the export is a class', () => {
    expect(Broker.start<typeof Pipeline>).type.toBeCallableWith(url, { args: ['vgg16_weights.h5'] });
    expect(Broker.start<typeof Pipeline>).type.toBeCallableWith(url, { args: ['vgg16_weights.h5', 10] });
    expect(Broker.start<typeof Pipeline>).type.not.toBeCallableWith(url, { args: [] });
    expect(Broker.start<typeof Pipeline>).type.not.toBeCallableWith(url, {
      args: ['vgg16_weights.h5', 'ten'],
    });
  });

  test('need `typeof`, which the error says if it was forgotten', () => {
    // @ts-expect-error Type 'Pipeline' does not satisfy the constraint 'TypeofClassOrFunction'
    expect(Broker.start<Pipeline>).type.toBeCallableWith(url);
    // @ts-expect-error Type 'Pipeline' does not satisfy the constraint 'TypeofClassOrFunction'
    expect(Broker<Pipeline>).type.toBeConstructableWith(url);
  });

  test('are checked in the same way by new Broker', () => {
    expect(Broker<typeof makePipeline>).type.toBeConstructableWith(url, { args: ['vgg16_weights.h5'] });
    expect(Broker<typeof makePipeline>).type.not.toBeConstructableWith(url, { args: [16] });
    expect(Broker<typeof makePipeline>).type.not.toBeConstructableWith(url);
  });
});

test('Broker.start rejects an unknown option, or an option of the wrong type', () => {
  expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, { maxQueu: 3 });
  expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, { maxQueue: '3' });
  expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, { output: 'pipe' });
});

test('an asynchronous factory gives the same broker as a synchronous one', () => {
  const options = { args: ['vgg16_weights.h5'] as [string] };
  const sync = new Broker<typeof makePipeline>(url, options);
  const later = new Broker<typeof makePipelineLater>(url, options);
  expect(later.pipeline).type.toBe(sync.pipeline);
});

test('expose accepts only names of callable methods', () => {
  expect(Broker.start<typeof makeDefault>).type.toBeCallableWith(url, { expose: ['predict', 'words'] });
  expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, { expose: ['predikt'] });
  expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, { expose: ['_internal'] });
  expect(Broker.start).type.toBeCallableWith(url, { expose: ['anything'] });
});
