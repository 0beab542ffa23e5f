import type { BrokerStats, Call, DiagnosticsMessages, ProcessExit } from '@dual/broker';
import { describe, expect, test } from 'tstyche';

test('stats have times that may not be known, and counts that are', () => {
  expect<BrokerStats['waitingTime']['p99']>().type.toBe<number | undefined>();
  expect<BrokerStats['calls']['cancelled']>().type.toBe<number>();
  expect<BrokerStats['bytes']>().type.toBe<{ readonly sent: number; readonly received: number }>();
});

describe('a channel name says what is published there', () => {
  test('about calls', () => {
    expect<DiagnosticsMessages['dual:broker:call:settle']['call']>().type.toBe<Call>();
    expect<DiagnosticsMessages['dual:broker:call:queue']['setTraceparent']>().type.toBe<
      (traceparent: string) => void
    >();
  });

  test('about processes', () => {
    expect<DiagnosticsMessages['dual:broker:process:exit']['exit']>().type.toBe<ProcessExit>();
  });

  test('and there are no others', () => {
    expect<DiagnosticsMessages>().type.not.toHaveProperty('dual:broker:call:end');
  });
});
