import { Broker, type Call } from '@dual/broker';
import { describe, expect, test } from 'tstyche';

import type { makePipeline, Prediction } from './pipelines.js';

const broker = new Broker<typeof makePipeline>(new URL('./pipelines.js', import.meta.url), { args: ['x'] });
const image = new Uint8Array();

describe('broker.pipeline', () => {
  test("returns a promise of the method's awaited result", () => {
    expect(broker.pipeline.predict(image)).type.toBe<Promise<Prediction>>();
    expect(broker.pipeline.predictLater(image, 5)).type.toBe<Promise<Prediction[]>>();
    expect(broker.pipeline.fail).type.toBe<() => Promise<never>>();
  });

  test('returns an async iterable of the chunks that the method yields', () => {
    expect(broker.pipeline.words(image)).type.toBe<AsyncIterable<string>>();
    expect(broker.pipeline.wordsLater(image)).type.toBe<AsyncIterable<string>>();
    expect(broker.pipeline.blocks()).type.toBe<AsyncIterable<Uint8Array>>();
    expect(broker.pipeline.words).type.not.toBeCallableWith('image');
  });

  test('rejects wrong arguments', () => {
    expect(broker.pipeline.predict).type.not.toBeCallableWith('image');
    expect(broker.pipeline.predict).type.not.toBeCallableWith();
    expect(broker.pipeline.predict).type.not.toBeCallableWith(image, 5);
    expect(broker.pipeline.predictLater).type.toBeCallableWith(image);
    expect(broker.pipeline.predictLater).type.not.toBeCallableWith(image, 'five');
  });

  test('has only the callable methods of the pipeline', () => {
    expect(broker.pipeline).type.toHaveProperty('predict');
    expect(broker.pipeline).type.not.toHaveProperty('predikt');
    expect(broker.pipeline).type.not.toHaveProperty('labels');
    expect(broker.pipeline).type.not.toHaveProperty('_internal');
    expect(broker.pipeline).type.not.toHaveProperty('then');
  });
});

describe('broker.call', () => {
  test("returns a promise of the method's awaited result", () => {
    expect(broker.call('predict', [image])).type.toBe<Promise<Prediction>>();
    expect(broker.call('predictLater', [image, 5], { timeout: 5_000 })).type.toBe<Promise<Prediction[]>>();
  });

  test('rejects a method that does not exist or is not callable', () => {
    expect(broker.call).type.not.toBeCallableWith('predikt', [image]);
    expect(broker.call).type.not.toBeCallableWith('labels', []);
    expect(broker.call).type.not.toBeCallableWith('_internal', []);
    expect(broker.call).type.not.toBeCallableWith('then', []);
    expect(broker.call).type.not.toBeCallableWith('constructor', []);
  });

  test('rejects wrong arguments and options', () => {
    expect(broker.call).type.not.toBeCallableWith('predict', ['image']);
    expect(broker.call).type.not.toBeCallableWith('predict', []);
    expect(broker.call).type.not.toBeCallableWith('predict', image);
    expect(broker.call).type.not.toBeCallableWith('predict', [image], { timeout: '5s' });
    expect(broker.call).type.not.toBeCallableWith('predict', [image], { timeOut: 5_000 });
  });

  test('rejects methods that yield', () => {
    expect(broker.call).type.not.toBeCallableWith('words', [image]);
    expect(broker.call).type.not.toBeCallableWith('wordsLater', [image]);
    expect(broker.call).type.not.toBeCallableWith('blocks', []);
  });
});

describe('broker.submit', () => {
  test("returns a call with a promise of the method's awaited result", () => {
    expect(broker.submit('predict', [image])).type.toBe<Call<Prediction>>();
    expect(broker.submit('predict', [image], { key: 'img-42' }).result).type.toBe<Promise<Prediction>>();
    expect(broker.submit('predict', [image]).state).type.toBe<
      'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'
    >();
  });

  test('rejects the same methods, arguments and options as call', () => {
    expect(broker.submit).type.not.toBeCallableWith('predikt', [image]);
    expect(broker.submit).type.not.toBeCallableWith('predict', ['image']);
    expect(broker.submit).type.not.toBeCallableWith('words', [image]);
    expect(broker.submit).type.not.toBeCallableWith('predict', [image], { key: 42 });
  });
});

describe('broker.stream', () => {
  test('returns an async iterable of the chunks that the method yields', () => {
    // A promise of a generator, a stream of chunks and promised chunks are unwrapped.
    expect(broker.stream('words', [image])).type.toBe<AsyncIterable<string>>();
    expect(broker.stream('wordsLater', [image], { timeout: 5_000 })).type.toBe<AsyncIterable<string>>();
    expect(broker.stream('wordsSoon', [image])).type.toBe<AsyncIterable<string>>();
    expect(broker.stream('blocks', [])).type.toBe<AsyncIterable<Uint8Array>>();
    expect(broker.stream('promises', [])).type.toBe<AsyncIterable<number>>();
    expect(broker.stream('gaps', [])).type.toBe<AsyncIterable<string | undefined>>();
  });

  test('rejects methods that do not yield or do not exist', () => {
    expect(broker.stream).type.not.toBeCallableWith('predict', [image]);
    expect(broker.stream).type.not.toBeCallableWith('predictLater', [image]);
    expect(broker.stream).type.not.toBeCallableWith('labels', []);
    expect(broker.stream).type.not.toBeCallableWith('wrods', [image]);
    expect(broker.stream).type.not.toBeCallableWith('_internal', []);
  });

  test('rejects wrong arguments and options', () => {
    expect(broker.stream).type.not.toBeCallableWith('words', ['image']);
    expect(broker.stream).type.not.toBeCallableWith('words', []);
    expect(broker.stream).type.not.toBeCallableWith('words', [image], { timeOut: 5_000 });
  });
});

test('a broker without a pipeline type accepts any method, in every way to call it', () => {
  const untyped = new Broker(new URL('./pipelines.js', import.meta.url));
  expect(untyped.call('predict', [image])).type.toBe<Promise<unknown>>();
  expect(untyped.stream('words', [image])).type.toBe<AsyncIterable<unknown>>();
  // This project sets noUncheckedIndexedAccess and noPropertyAccessFromIndexSignature.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-call -- the methods of an unknown pipeline are `any`
  const result: unknown = untyped.pipeline['predict'](image);
  expect(result).type.toBe<unknown>();
});

test('broker.get returns a call with a result of unknown type, or undefined', () => {
  expect(broker.get('img-42')).type.toBe<Call | undefined>();
  expect(broker.get).type.not.toBeCallableWith(42);
});

test('progress values have an unknown type', () => {
  const call = broker.submit('predict', [image], { onProgress: (value) => value });
  expect(call.progress).type.toBeAssignableTo<AsyncIterable<unknown>>();
  expect(call.progress.latest).type.toBe<unknown>();
  expect(broker.submit).type.not.toBeCallableWith('predict', [image], { onProgress: 'tell me' });
});
