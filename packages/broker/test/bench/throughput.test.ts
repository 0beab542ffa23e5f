import { setTimeout } from 'node:timers/promises';

import { describe, expect, test } from '@jest/globals';
import { check } from 'prettier';

import { chart } from '../../bench/throughput/chart.js';
import { closedLoop } from '../../bench/throughput/closed-loop.js';
import { judge } from '../../bench/throughput/goals.js';
import type { Outcome } from '../../bench/throughput/outcome.js';
import { turns } from '../../bench/throughput/plan.js';
import { throughputSection } from '../../bench/throughput/section.js';
import { someCircumstances } from '../support/outcomes.js';

const outcome: Outcome = {
  rounds: 3,
  batching: [
    { clients: 1, single: { rate: 47, latency: 21 }, batched: { rate: 46, latency: 21.5 } },
    { clients: 64, single: { rate: 47, latency: 1_350 }, batched: { rate: 750, latency: 85 } },
  ],
  processes: { one: 100, two: 170 },
  streaming: { stream: 30_000, pipe: 20_000 },
  statistics: { recording: 0.5, rate: 50_000, watchedRate: 49_000 },
};

test('compares each goal with its own figures', () => {
  expect(judge(outcome).map((line) => line.replace(/:.*: /, ': '))).toEqual([
    'reached: 16.0× (≥ 10×)',
    'reached: 1.02× (≤ 1.05×)',
    'missed: 1.70× (≥ 1.8×)',
    'reached: 1.50× (≥ 0.5×)',
    'reached: 2.50 % (≤ 3 %)',
    'reached: 2.00 % (≤ 3 %)',
  ]);
});

test('writes a section that Prettier accepts and that names the machine, the date and the rounds', async () => {
  const section = throughputSection(outcome, { ...someCircumstances, pinnedTo: undefined });
  expect(await check(`${section}\n`, { parser: 'markdown', printWidth: 110 })).toBe(true);
  for (const part of ['Some CPU (2 cores)', '2026-11-22', 'on all cores', '3 rounds', '16.0×'])
    expect(section).toContain(part);
});

test('draws both lines in both panels, within the bounds of the chart', () => {
  const svg = chart(outcome.batching);
  const lines = [...svg.matchAll(/<polyline class="(\w+)" points="([^"]*)"/g)];
  expect(lines.map(([, kind]) => kind)).toEqual(['single', 'batched', 'single', 'batched']);
  const [, width = 0, height = 0] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)?.map(Number) ?? [];
  for (const [, , points = ''] of lines) {
    for (const point of points.split(' ')) {
      const [x = NaN, y = NaN] = point.split(',').map(Number);
      expect(x >= 0 && x <= width && y >= 0 && y <= height).toBe(true);
    }
  }
});

test('alternates between two measurements, and swaps their order in each round', async () => {
  const order: string[] = [];
  const note = (text: string) => () => Promise.resolve(order.push(text));
  const [first, second] = await turns(3, note('a'), note('b'));
  expect(order).toEqual(['a', 'b', 'b', 'a', 'a', 'b']);
  expect([first, second]).toEqual([
    [1, 4, 5],
    [2, 3, 6],
  ]);
});

describe('a closed loop', () => {
  test('keeps exactly one call per client in flight', async () => {
    let [underWay, most] = [0, 0];
    const call = async (): Promise<void> => {
      most = Math.max(most, ++underWay);
      await setTimeout(1);
      underWay -= 1;
    };
    await closedLoop({ clients: 5, call, warmUp: 10, duration: 30 });
    expect(most).toBe(5);
    expect(underWay).toBe(0);
  });

  test('counts calls that end within its duration, but none that end during the warm-up', async () => {
    let calls = 0;
    const call = async (): Promise<void> => {
      await setTimeout(1);
      calls += 1;
    };
    const { rate, latency } = await closedLoop({ clients: 1, call, warmUp: 100, duration: 100 });
    expect(rate * 0.1).toBeLessThan(calls);
    expect(rate).toBeGreaterThan(0);
    expect(latency).toBeGreaterThan(0.9);
  });
});
