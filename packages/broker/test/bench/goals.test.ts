import { expect, test } from '@jest/globals';

import { judge } from '../../bench/report/goals.js';
import { outcomeLine, outcomeOf } from '../support/outcomes.js';

const about = (lines: readonly string[], ...words: readonly string[]): string | undefined =>
  lines.find((line) => words.every((word) => line.includes(word)));

test('accepts a time of at most the given multiple of the other time', () => {
  const time = (own: number): string | undefined =>
    about(
      judge(
        outcomeOf(['small'], outcomeLine('broker', { small: own }), outcomeLine('piscina', { small: 100 })),
      ),
      'small call, 1 in flight',
      'piscina',
    );
  expect(time(81)).toMatch(/^missed: .* 0\.81× /);
  expect(time(80)).toMatch(/^reached: .* 0\.80× /);
  expect(time(50)).toMatch(/^reached, and the aim as well: /);
});

test('accepts a rate of at least the given multiple of the other rate', () => {
  const rate = (own: number): string | undefined =>
    about(
      judge(
        outcomeOf(
          ['small-64'],
          outcomeLine('broker', { 'small-64': own }),
          outcomeLine('fork-advanced', { 'small-64': 40 }),
        ),
      ),
      '64 in flight',
      'fork-advanced',
    );
  expect(rate(11)).toMatch(/^missed: .* 3\.64× /);
  expect(rate(10)).toMatch(/^reached: .* 4\.00× /);
  expect(rate(5)).toMatch(/^reached, and the aim as well: /);
});

test('accepts an event-loop delay of 0 if the other delay is 0 as well', () => {
  const stream = { '602k-stream': { loopDelay: 0 } };
  const lines = judge(
    outcomeOf(['602k-stream'], outcomeLine('broker', stream), outcomeLine('fork-advanced', stream)),
  );
  expect(about(lines, 'event-loop delay')).toMatch(/^reached: /);
});

test('reports goals that the run did not measure', () => {
  const lines = judge(outcomeOf(['small'], outcomeLine('broker', { small: 1 })));
  expect(lines.every((line) => line.startsWith('not measured: '))).toBe(true);
});
