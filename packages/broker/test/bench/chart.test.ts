import { expect, test } from '@jest/globals';

import { chart } from '../../bench/report/chart.js';
import { outcomeLine, outcomeOf } from '../support/outcomes.js';

const widths = (svg: string): number[] =>
  [...svg.matchAll(/<rect[^>]* width="([\d.]+)"/g)].map(([, width]) => Number(width));

test('bars are as long as the times they stand for, with a scale of its own for each task', () => {
  const svg = chart(
    outcomeOf(
      ['small', '10m'],
      outcomeLine('ours', { small: 25, '10m': 2000 }),
      outcomeLine('theirs', { small: 100, '10m': 4000 }),
    ),
  );
  const [small, smallTheirs = NaN, large, largeTheirs = NaN] = widths(svg);
  expect(small).toBeCloseTo(smallTheirs / 4, 0);
  expect(large).toBeCloseTo(largeTheirs / 2, 0);
  expect(largeTheirs).toBe(smallTheirs);
});

test('a task that a contender does not do has no bar', () => {
  const svg = chart(
    outcomeOf(['10m'], outcomeLine('ours', { '10m': 2000 }), outcomeLine('text only', { small: 3 })),
  );
  expect(widths(svg)).toHaveLength(1);
  expect(svg).toContain('>–</text>');
});

test('names cannot break the drawing', () => {
  const svg = chart(outcomeOf(['small'], outcomeLine('<ours> & theirs', { small: 1 })));
  expect(svg).toContain('&lt;ours> &amp; theirs');
  expect(svg).not.toContain('<ours>');
});

test('the chart can be read in a light and in a dark scheme', () => {
  expect(chart(outcomeOf(['small'], outcomeLine('ours', { small: 1 })))).toContain(
    'prefers-color-scheme: dark',
  );
});
