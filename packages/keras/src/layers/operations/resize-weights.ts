/** How much of each entry of an axis goes into each entry of a longer or shorter one, as rows of weights. */

export type Interpolation = 'nearest' | 'bilinear' | 'bicubic' | 'lanczos3' | 'lanczos5' | 'area';

export const KERNELS: Readonly<
  Record<'bilinear' | 'bicubic' | 'lanczos3' | 'lanczos5', { radius: number; fn: (x: number) => number }>
> = {
  bilinear: { radius: 1, fn: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { radius: 2, fn: cubic },
  lanczos3: { radius: 3, fn: (x) => lanczos(x, 3) },
  lanczos5: { radius: 5, fn: (x) => lanczos(x, 5) },
};

function cubic(at: number): number {
  const x = Math.abs(at);
  if (x >= 2) return 0;
  return x >= 1 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : (1.5 * x - 2.5) * x * x + 1;
}

function lanczos(at: number, radius: number): number {
  const x = Math.abs(at);
  if (x > radius) return 0;
  if (x <= 1e-3) return 1;
  return (radius * Math.sin(Math.PI * x) * Math.sin((Math.PI * x) / radius)) / (Math.PI * x) ** 2;
}

/** What each entry of the input adds to each of the output. Source: `ComputeSpansCore` of TensorFlow, `scale_and_translate_op.cc`. */
export function spans(
  from: number,
  to: number,
  { radius, fn }: { radius: number; fn: (x: number) => number },
  antialias: boolean,
): number[][] {
  const inverse = Math.fround(1 / Math.fround(to / from));
  const scale = antialias ? Math.max(inverse, 1) : 1;
  const weights = Array.from({ length: from }, () => Array<number>(to).fill(0));
  for (let column = 0; column < to; column++) {
    const center = (column + 0.5) * inverse;
    if (center < 0 || center > from) continue;
    const start = Math.max(0, Math.ceil(center - radius * scale - 0.5));
    const end = Math.min(from - 1, Math.floor(center + radius * scale - 0.5));
    const list = Array.from({ length: Math.max(0, end - start + 1) }, (_, index) =>
      fn((start + index + 0.5 - center) / scale),
    );
    const total = list.reduce((a, b) => a + b, 0);
    if (Math.abs(total) < 1000 * 1.17549435e-38) continue;
    for (const [index, weight] of list.entries()) (weights[start + index] ?? [])[column] = weight / total;
  }
  return weights;
}

/** The mean of the part of the input that an entry of the output covers. */
export function areas(from: number, to: number): number[][] {
  const scale = from / to;
  const weights = Array.from({ length: from }, () => Array<number>(to).fill(0));
  for (let column = 0; column < to; column++) {
    const [start, end] = [column * scale, (column + 1) * scale];
    for (let at = Math.floor(start); at < Math.min(Math.ceil(end), from); at++) {
      (weights[at] ?? [])[column] = (Math.min(at + 1, end) - Math.max(at, start)) / scale;
    }
  }
  return weights;
}

/** Without antialiasing, entries beyond the border are those at the border. */
export function linear(from: number, to: number): number[][] {
  return clamped(from, to, (fraction) => [1 - fraction, fraction], 0);
}

/** Entries beyond the border are left out, and the others scaled to 1. */
export function cubicTable(from: number, to: number): number[][] {
  const weights = Array.from({ length: from }, () => Array<number>(to).fill(0));
  const scale = Math.fround(from / to);
  for (let column = 0; column < to; column++) {
    const place = Math.fround((column + 0.5) * scale - 0.5);
    const first = Math.floor(place);
    // TensorFlow looks the weights up in a table of 1,024 steps.
    const fraction = Math.round((place - first) * 1024) / 1024;
    const list = [cubic(1 + fraction), cubic(fraction), cubic(1 - fraction), cubic(2 - fraction)];
    const inside = list.map((weight, index) => {
      const at = first - 1 + index;
      return at >= 0 && at < from ? weight : 0;
    });
    const total = inside.reduce((a, b) => a + b, 0);
    for (const [index, weight] of inside.entries()) {
      const at = first - 1 + index;
      if (at >= 0 && at < from) (weights[at] ?? [])[column] = weight / total;
    }
  }
  return weights;
}

function clamped(
  from: number,
  to: number,
  weightsAt: (fraction: number) => readonly number[],
  before: number,
): number[][] {
  const weights = Array.from({ length: from }, () => Array<number>(to).fill(0));
  const scale = Math.fround(from / to);
  for (let column = 0; column < to; column++) {
    const place = (column + 0.5) * scale - 0.5;
    const first = Math.floor(place);
    for (const [index, weight] of weightsAt(place - first).entries()) {
      const at = Math.min(Math.max(first - before + index, 0), from - 1);
      const row = weights[at] ?? [];
      row[column] = (row[column] ?? 0) + weight;
    }
  }
  return weights;
}
