import { type BatchMethodName, Broker, type UnknownFactory } from '@dual/broker';
import { describe, expect, test } from 'tstyche';

import type { makeDefault, Pipeline } from './pipelines.js';

const url = new URL('./pipelines.js', import.meta.url);

describe('the option batch', () => {
  test('takes a method of arrays of the argument and of the result, or of errors', () => {
    expect<BatchMethodName<Pipeline, 'predict'>>().type.toBe<'predictBatch' | 'predictBatchLater'>();
    for (const method of ['predictBatch', 'predictBatchLater'] as const) {
      expect(Broker.start<typeof makeDefault>).type.toBeCallableWith(url, { batch: { predict: { method } } });
    }
    const predict = { method: 'predictBatch', maxSize: 8, maxDelay: 'auto' } as const;
    expect(Broker.start<typeof makeDefault>).type.toBeCallableWith(url, { batch: { predict } });
  });

  test('refuses a method that takes or returns something else, or is not there', () => {
    for (const method of ['labelBatch', 'countBatch', 'predict', 'nothing', '_internal'] as const) {
      expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, {
        batch: { predict: { method } },
      });
    }
  });

  test('refuses methods that are not there, yield, or have several arguments', () => {
    const batch = { method: 'predictBatch' } as const;
    expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, { batch: { nothing: batch } });
    expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, { batch: { words: batch } });
    expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, {
      batch: { predictLater: batch },
    });
  });

  test('refuses other fields, and other values', () => {
    const method = 'predictBatch' as const;
    expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, { batch: { predict: {} } });
    expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, {
      batch: { predict: { method, size: 8 } },
    });
    expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, {
      batch: { predict: { method, maxDelay: 'soon' } },
    });
  });

  test('takes any names where the pipeline is not known', () => {
    expect(Broker.start<UnknownFactory>).type.toBeCallableWith(url, {
      batch: { run: { method: 'runBatch' } },
    });
  });
});
