import type { Payload } from './worker/methods.js';

/** One thing that every contender is timed at. */
export interface Task {
  /** What `--tasks` calls it. */
  readonly name: string;
  /** What the table calls it. */
  readonly title: string;
  /** `echo`: the payload crosses both ways. `sink`: it crosses once, and a small answer comes back. */
  readonly method: 'echo' | 'sink';
  readonly payload: Payload;
  /** Calls that are under way at any time. */
  readonly inFlight: number;
  /** How long one contender's turn takes, in ms. */
  readonly turn: number;
  /** Whether the delay of the parent's event loop is measured as well. */
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
// An RGB image of 224 × 224, as VGG-16 takes it: as bytes, and as a tensor of floats.
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

// Long turns: a 99th percentile wants some hundred samples, one a ms.
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
