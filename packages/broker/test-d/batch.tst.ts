import { type BatchMethodName, Broker, type UnknownFactory } from '@dual/broker';
import { describe, expect, test } from 'tstyche';

import type { makeDefault, Pipeline } from './pipelines.js';

const url = new URL('./pipelines.js', import.meta.url);

describe('the option batch', () => {
  test('accepts a method from an array of arguments to an array of results or errors', () => {
    expect<BatchMethodName<Pipeline, 'predict'>>().type.toBe<'predictBatch' | 'predictBatchLater'>();
    for (const method of ['predictBatch', 'predictBatchLater'] as const) {
      expect(Broker.start<typeof makeDefault>).type.toBeCallableWith(url, { batch: { predict: { method } } });
    }
    const predict = { method: 'predictBatch', maxSize: 8, maxDelay: 'auto' } as const;
    expect(Broker.start<typeof makeDefault>).type.toBeCallableWith(url, { batch: { predict } });
  });

  test('rejects a batch method that does not exist, or has other parameters or results', () => {
    for (const method of ['labelBatch', 'countBatch', 'predict', 'nothing', '_internal'] as const) {
      expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, {
        batch: { predict: { method } },
      });
    }
  });

  test('rejects single methods that do not exist, yield, or have several parameters', () => {
    const batch = { method: 'predictBatch' } as const;
    expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, { batch: { nothing: batch } });
    expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, { batch: { words: batch } });
    expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, {
      batch: { predictLater: batch },
    });
  });

  test('rejects with the reason', () => {
    const batch = { method: 'predictBatch' } as const;
    // @ts-expect-error only calls of a method with exactly one parameter can make batches
    new Broker<typeof makeDefault>(url, { batch: { predictLater: batch } });
    // @ts-expect-error no method takes an array of its argument and returns an array of its results
    new Broker<typeof makeDefault>(url, { batch: { labelBatch: batch } });
  });

  test('rejects every method of a pipeline without any that could make batches', () => {
    interface Single {
      predict(image: Uint8Array, options?: { topK?: number }): number;
    }
    expect(Broker.start<() => Single>).type.not.toBeCallableWith(url, {
      batch: { predict: { method: 'noSuchMethod' } },
    });
  });

  test('rejects unknown fields and invalid values', () => {
    const method = 'predictBatch' as const;
    expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, { batch: { predict: {} } });
    expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, {
      batch: { predict: { method, size: 8 } },
    });
    expect(Broker.start<typeof makeDefault>).type.not.toBeCallableWith(url, {
      batch: { predict: { method, maxDelay: 'soon' } },
    });
  });

  test('accepts any method names if the type of the pipeline is unknown', () => {
    expect(Broker.start<UnknownFactory>).type.toBeCallableWith(url, {
      batch: { run: { method: 'runBatch' } },
    });
  });
});
