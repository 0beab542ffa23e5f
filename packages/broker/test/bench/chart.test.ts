import { expect, test } from '@jest/globals';

import { chart } from '../../bench/report/chart.js';
import { outcomeLine, outcomeOf } from '../support/outcomes.js';

const widths = (svg: string): number[] =>
  [...svg.matchAll(/<rect[^>]* width="([\d.]+)"/g)].map(([, width]) => Number(width));

test('draws bars in proportion to their times, with a separate scale for each task', () => {
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

test('draws a dash for a task that a contender does not do', () => {
  const svg = chart(
    outcomeOf(['10m'], outcomeLine('ours', { '10m': 2000 }), outcomeLine('text only', { small: 3 })),
  );
  expect(widths(svg)).toHaveLength(1);
  expect(svg).toContain('>–</text>');
});

test('escapes names of contenders', () => {
  const svg = chart(outcomeOf(['small'], outcomeLine('<ours> & theirs', { small: 1 })));
  expect(svg).toContain('&lt;ours> &amp; theirs');
  expect(svg).not.toContain('<ours>');
});

test('defines colours for a dark scheme', () => {
  expect(chart(outcomeOf(['small'], outcomeLine('ours', { small: 1 })))).toContain(
    'prefers-color-scheme: dark',
  );
});
