import { threeDigits } from '../report/format.js';
import type { LoadPoint } from './batching.js';

const PANEL = { width: 300, height: 190 };
const LEFT = 56;
const GAP = 120;
const TOP = 78;
const WIDTH = LEFT + 2 * PANEL.width + GAP + 70;
const HEIGHT = TOP + PANEL.height + 56;

type Kind = 'batched' | 'single';

interface Panel {
  readonly title: string;
  readonly left: number;
  readonly value: (point: LoadPoint, kind: Kind) => number;
}

const panels: readonly Panel[] = [
  { title: 'calls a second', left: LEFT, value: (point, kind) => point[kind].rate },
  { title: 'latency in ms', left: LEFT + PANEL.width + GAP, value: (point, kind) => point[kind].latency },
];

/**
 * Draws rate and latency against the number of clients in SVG: one panel each, with logarithmic axes, a line without
 * batches and a line with them. The colours follow the reader's light or dark scheme.
 */
export function chart(points: readonly LoadPoint[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="title">`,
    '<title id="title">Calls a second and latency against the number of clients, with batches and without</title>',
    STYLE,
    text('heading', 0, 18, 'A pipeline that takes 20 ms + 1 ms × items'),
    ...panels.flatMap((panel) => draw(panel, points)),
    '</svg>',
    '',
  ].join('\n');
}

function draw({ title, left, value }: Panel, points: readonly LoadPoint[]): string[] {
  const values = points.flatMap((point) => [value(point, 'single'), value(point, 'batched')]);
  const x = scale(
    points.map(({ clients }) => clients),
    left,
    left + PANEL.width,
  );
  const y = scale([...decades(values)], TOP + PANEL.height, TOP);
  const line = (kind: Kind): string[] => {
    const places = points.map((point) => ({ x: x(point.clients), y: y(value(point, kind)) }));
    const last = places.at(-1);
    return [
      `<polyline class="${kind}" points="${places.map((place) => `${place.x.toFixed(1)},${place.y.toFixed(1)}`).join(' ')}"/>`,
      ...places.map(
        (place) => `<circle class="${kind}" cx="${place.x.toFixed(1)}" cy="${place.y.toFixed(1)}" r="3"/>`,
      ),
      ...(last === undefined
        ? []
        : [text(kind, last.x + 8, last.y + 4, kind === 'single' ? 'alone' : 'batches')]),
    ];
  };
  return [
    text('task', left, TOP - 22, title),
    ...[...decades(values)].flatMap((decade) => [
      `<line class="grid" x1="${left}" x2="${left + PANEL.width}" y1="${y(decade).toFixed(1)}" y2="${y(decade).toFixed(1)}"/>`,
      text('axis', left - 8, y(decade) + 4, threeDigits(decade).replace(/\.0+$/, '')),
    ]),
    ...points.map(({ clients }) => text('tick', x(clients), TOP + PANEL.height + 18, String(clients))),
    text('tick', left + PANEL.width / 2, TOP + PANEL.height + 38, 'clients'),
    ...line('single'),
    ...line('batched'),
  ];
}

/** The powers of ten that enclose the values. */
function decades(values: readonly number[]): number[] {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  return Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
}

/** A logarithmic scale that maps the smallest of `values` to `from` and the largest to `to`. */
function scale(values: readonly number[], from: number, to: number): (value: number) => number {
  const [low, high] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  return (value) => from + ((to - from) * (Math.log(value) - low)) / (high - low || 1);
}

function text(kind: string, x: number, y: number, content: string): string {
  return `<text class="${kind}" x="${x.toFixed(1)}" y="${y.toFixed(1)}">${content}</text>`;
}

const STYLE = `<style>
  text { font: 12px system-ui, sans-serif; fill: #57606a; }
  text.heading { font-size: 15px; font-weight: 600; fill: #1f2328; }
  text.task { font-weight: 600; fill: #1f2328; }
  text.axis { text-anchor: end; }
  text.tick { text-anchor: middle; }
  text.batched { font-weight: 600; fill: #0550ae; }
  polyline { fill: none; stroke-width: 2; }
  polyline.batched { stroke: #0969da; }
  polyline.single { stroke: #afb8c1; }
  circle.batched { fill: #0969da; }
  circle.single { fill: #afb8c1; }
  line.grid { stroke: #afb8c1; stroke-opacity: 0.4; }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1; }
    text.heading, text.task { fill: #f0f6fc; }
    text.batched { fill: #79c0ff; }
    polyline.batched { stroke: #4493f8; }
    polyline.single { stroke: #565f6b; }
    circle.batched { fill: #4493f8; }
    circle.single { fill: #565f6b; }
  }
</style>`;
