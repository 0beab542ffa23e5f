import { expect, test } from '@jest/globals';

import { table } from '../../bench/report/table.js';
import { outcomeLine, outcomeOf } from '../support/outcomes.js';

test('shows times, ratios to the first contender and CPU times, with one column per task', () => {
  const text = table(
    outcomeOf(
      ['small', '10m'],
      outcomeLine('ours', { small: { time: 20, cpu: 31.25 }, '10m': { time: 3000, cpu: 4000 } }),
      outcomeLine('theirs', { small: { time: 50, cpu: 80 }, '10m': { time: 24_773.4, cpu: 30_000 } }),
    ),
  );
  expect(text).toBe(
    `
|                        | small | 10 MB |
| ---------------------- | ----: | ----: |
| **µs per call**        |       |       |
| ours                   |  20.0 |  3000 |
| theirs                 |  50.0 | 24773 |
| **compared with ours** |       |       |
| ours                   | 1.00× | 1.00× |
| theirs                 | 2.50× | 8.26× |
| **CPU µs per call**    |       |       |
| ours                   |  31.3 |  4000 |
| theirs                 |  80.0 | 30000 |
`.trim(),
  );
});

test('shows the delay of the event loop in a separate column', () => {
  const summary = { time: 500, cpu: 700, loopDelay: 4 };
  const text = table(
    outcomeOf(
      ['602k-stream'],
      outcomeLine('ours', { '602k-stream': summary }),
      outcomeLine('theirs', { '602k-stream': { ...summary, loopDelay: 6 } }),
    ),
  );
  expect(rows(text)).toEqual([
    ['', '602 KB ×8', 'loop delay'],
    ['**µs per call**', '', ''],
    ['ours', '500', '4.00'],
    ['theirs', '500', '6.00'],
    ['**compared with ours**', '', ''],
    ['ours', '1.00×', '1.00×'],
    ['theirs', '1.00×', '1.50×'],
    ['**CPU µs per call**', '', ''],
    ['ours', '700', '–'],
    ['theirs', '700', '–'],
  ]);
});

test('shows a dash for a task that a contender does not do, and `failed` for one that failed', () => {
  const text = table(
    outcomeOf(
      ['small', '10m'],
      outcomeLine('ours', { small: 1, '10m': 1 }),
      outcomeLine('text only', { small: 2 }),
      outcomeLine('broken', { small: 3 }, 'no answer within 30 s'),
    ),
  );
  const all = rows(text);
  expect(all).toContainEqual(['text only', '2.00', '–']);
  expect(all).toContainEqual(['broken', '3.00', 'failed']);
  expect(all).toContainEqual(['broken', '3.00×', '–']);
});

/** The cells of a Markdown table, without its delimiter row. */
function rows(text: string): string[][] {
  const cells = text.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return cells.filter((_row, index) => index !== 1);
}
