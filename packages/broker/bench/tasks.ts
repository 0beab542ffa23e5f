import type { Payload } from './worker/methods.js';

/** One kind of call that every contender is timed at. */
export interface Task {
  /** Its name for `--tasks`. */
  readonly name: string;
  /** Its name in the table. */
  readonly title: string;
  /** `echo` sends the payload both ways. `sink` sends it once, and a small answer comes back. */
  readonly method: 'echo' | 'sink';
  readonly payload: Payload;
  /** Number of calls in flight at any time. */
  readonly inFlight: number;
  /** Length of one contender's turn, in ms. */
  readonly turn: number;
  /** Whether to measure the delay of the parent's event loop as well. */
  readonly watchesLoop: boolean;
}

interface Size {
  readonly name: string;
  readonly title: string;
  readonly payload: Payload;
  readonly turn: number;
}

const small: Size = { name: 'small', title: 'small', payload: 'hello world', turn: 25 };
const kilobyte: Size = { name: '1k', title: '1 KB', payload: new Uint8Array(1024).fill(3), turn: 25 };
// The input of VGG-16, an RGB image of 224 × 224 pixels: as bytes, and as a tensor of floats.
const image: Size = { name: '150k', title: '150 KB', payload: new Uint8Array(150_528).fill(3), turn: 25 };
const tensor: Size = {
  name: '602k',
  title: '602 KB',
  payload: new Float32Array(150_528).fill(1.5),
  turn: 40,
};
const large: Size = { name: '10m', title: '10 MB', payload: new Uint8Array(10_485_760).fill(3), turn: 100 };

const alone = { inFlight: 1, watchesLoop: false } as const;

const echo = (size: Size): Task => ({ ...size, ...alone, method: 'echo' });

const sink = (size: Size): Task => ({
  ...size,
  ...alone,
  name: `${size.name}-sink`,
  title: `${size.title} sink`,
  method: 'sink',
});

const crowd = (size: Size): Task => ({
  ...echo(size),
  name: `${size.name}-64`,
  title: `${size.title} ×64`,
  inFlight: 64,
});

// The turn is long because a 99th percentile needs a few hundred samples, and there is one per ms.
const stream: Task = {
  ...echo(tensor),
  name: '602k-stream',
  title: '602 KB ×8',
  inFlight: 8,
  turn: 250,
  watchesLoop: true,
};

/** All tasks, in the order of the table. */
export const tasks: readonly Task[] = [
  echo(small),
  crowd(small),
  echo(kilobyte),
  crowd(kilobyte),
  echo(image),
  echo(tensor),
  echo(large),
  stream,
  ...[small, kilobyte, image, tensor, large].map(sink),
];
