import {
  type BrokerError,
  type BrokerErrorCode,
  type BrokerStats,
  type Call,
  type DiagnosticsMessages,
  type ProcessExit,
  ProtocolError,
} from '@dual/broker';
import { describe, expect, test } from 'tstyche';

test('stats() has times that may be undefined, and counts that are always numbers', () => {
  expect<BrokerStats['waitingTime']['p99']>().type.toBe<number | undefined>();
  expect<BrokerStats['calls']['cancelled']>().type.toBe<number>();
  expect<BrokerStats['bytes']>().type.toBe<{ readonly sent: number; readonly received: number }>();
});

describe('DiagnosticsMessages maps each channel to the type of its messages', () => {
  test('has messages about calls', () => {
    expect<DiagnosticsMessages['dual:broker:call:settle']['call']>().type.toBe<Call>();
    expect<DiagnosticsMessages['dual:broker:call:queue']['setTraceparent']>().type.toBe<
      (traceparent: string) => void
    >();
  });

  test('has messages about processes', () => {
    expect<DiagnosticsMessages['dual:broker:process:exit']['exit']>().type.toBe<ProcessExit>();
  });

  test('has no unknown channels', () => {
    expect<DiagnosticsMessages>().type.not.toHaveProperty('dual:broker:call:end');
  });
});

describe('the code of an error', () => {
  test('is one of those that exist, so that a misspelt case does not compile', () => {
    expect<BrokerError['code']>().type.toBe<BrokerErrorCode>();
    expect<'ERR_DUAL_QUEUE_FULL'>().type.toBeAssignableTo<BrokerErrorCode>();
    expect<'ERR_DUAL_QUEUEFULL'>().type.not.toBeAssignableTo<BrokerErrorCode>();
  });

  test('is known from the class', () => {
    expect(new ProtocolError('').code).type.toBe<'ERR_DUAL_PROTOCOL'>();
  });
});
