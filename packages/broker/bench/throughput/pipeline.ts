const CHUNK_BYTES = 1024;

const cell = new Int32Array(new SharedArrayBuffer(4));

/** Imitates a device that computes: the thread waits, but keeps no core busy. */
function device(ms: number): void {
  Atomics.wait(cell, 0, 0, ms);
}

/** A run on the device takes 20 ms, and 1 ms more for each item. */
class Pipeline {
  predict(item: number): number {
    device(20 + 1);
    return item;
  }

  predictBatch(items: readonly number[]): number[] {
    device(20 + items.length);
    return [...items];
  }

  /** Keeps one core busy for a few ms, always with the same work. */
  compute(): number {
    let sum = 0;
    for (let i = 0; i < 4_000_000; i += 1) sum = (sum * 31 + i) | 0;
    return sum;
  }

  *chunks(count: number): Generator<Uint8Array> {
    for (let i = 0; i < count; i += 1) yield new Uint8Array(CHUNK_BYTES).fill(i);
  }

  echo(value: string): string {
    return value;
  }
}

export default function makePipeline(): Pipeline {
  return new Pipeline();
}
