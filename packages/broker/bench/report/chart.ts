import { threeDigits } from './format.js';
import type { Line, Outcome } from './outcome.js';

/** The tasks in the chart, one column each. */
const DRAWN = [
  { task: 'small', title: 'small' },
  { task: 'small-64', title: 'small, 64 in flight' },
  { task: '602k', title: '602 KB' },
  { task: '10m', title: '10 MB' },
] as const;

const LABELS = 210;
const COLUMN = 190;
const BARS = 120;
const ROW = 22;
const TOP = 74;

/**
 * Draws the time per call as a bar chart in SVG: one row per contender, and one column per task, each with its own
 * scale. The colours follow the reader's light or dark scheme.
 */
export function chart({ tasks, lines }: Outcome): string {
  const columns = DRAWN.filter(({ task }) => tasks.some(({ name }) => name === task));
  const width = LABELS + columns.length * COLUMN;
  const height = TOP + lines.length * ROW + 12;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">`,
    '<title id="title">Time per call of @dual/broker and of other ways to call a worker; shorter is better</title>',
    STYLE,
    text('heading', 0, 18, 'Time per call in µs (shorter is better)'),
    ...lines.map((line, row) => text(kindOf(line), 0, baseline(row), line.contender.title)),
    ...columns.flatMap(({ task, title }, index) => {
      const left = LABELS + index * COLUMN;
      return [text('task', left, TOP - 22, title), ...bars(lines, task, left)];
    }),
    '</svg>',
    '',
  ].join('\n');
}

function bars(lines: readonly Line[], task: string, left: number): string[] {
  const values = lines.map(({ summaries }) => summaries.get(task)?.time);
  const longest = Math.max(...values.map((value) => value ?? 0));
  return lines.flatMap((line, row) => {
    const value = values[row];
    if (value === undefined) return [text('none', left, baseline(row), '–')];
    const length = Math.max(1, (BARS * value) / longest);
    return [
      `<rect class="${kindOf(line)}" x="${left}" y="${TOP + row * ROW}" width="${length.toFixed(1)}" height="${ROW - 8}" rx="2"/>`,
      text(kindOf(line), left + length + 6, baseline(row), threeDigits(value)),
    ];
  });
}

function kindOf({ contender }: Line): 'own' | 'other' {
  return contender.package === '@dual/broker' ? 'own' : 'other';
}

function baseline(row: number): number {
  return TOP + row * ROW + ROW - 11;
}

function text(kind: string, x: number, y: number, content: string): string {
  return `<text class="${kind}" x="${x.toFixed(1)}" y="${y}">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

const STYLE = `<style>
  text { font: 12px system-ui, sans-serif; fill: #57606a; }
  text.heading { font-size: 15px; font-weight: 600; fill: #1f2328; }
  text.task { font-weight: 600; fill: #1f2328; }
  text.own { font-weight: 600; fill: #0550ae; }
  rect.own { fill: #0969da; }
  rect.other { fill: #afb8c1; }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1; }
    text.heading, text.task { fill: #f0f6fc; }
    text.own { fill: #79c0ff; }
    rect.own { fill: #4493f8; }
    rect.other { fill: #565f6b; }
  }
</style>`;
