import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { Broker } from '@dual/broker';

import { median } from '../stats.js';
import type makePipeline from './pipeline.js';
import { pipeline } from './pipeline-url.js';
import { type Plan, turns } from './plan.js';

const CHUNK_BYTES = 1024;
const CHUNKS = 20_000;

/** The program to compare with: it copies a file into a plain pipe, in chunks of the same size. */
const PIPE = `require('node:fs').createReadStream(process.argv[1], { highWaterMark: ${CHUNK_BYTES} }).pipe(process.stdout)`;

/** Chunks of 1 KB per second, measured from the first to the last: from a stream, and from a file through a pipe. */
export async function measureStreaming({
  rounds,
  scale,
  onProgress,
}: Plan): Promise<{ stream: number; pipe: number }> {
  onProgress('streaming');
  const count = Math.ceil(scale * CHUNKS);
  const folder = mkdtempSync(join(tmpdir(), 'dual-broker-bench-'));
  const file = join(folder, 'bytes');
  writeFileSync(file, Buffer.alloc(count * CHUNK_BYTES, 7));
  try {
    await using broker = await Broker.start<typeof makePipeline>(pipeline);
    const [streamed, piped] = await turns(
      2 * rounds,
      () => rateOf(broker.stream('chunks', [count]), count * CHUNK_BYTES),
      () => rateOf(readPipe(file), count * CHUNK_BYTES),
    );
    return { stream: median(streamed), pipe: median(piped) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readPipe(file: string): AsyncIterable<Uint8Array> {
  const child = spawn(process.execPath, ['-e', PIPE, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  return child.stdout as AsyncIterable<Uint8Array>; // it yields bytes, because no encoding is set
}

/** Starts the clock at the first chunk, so that the start of the process is not measured. */
async function rateOf(chunks: AsyncIterable<Uint8Array>, expected: number): Promise<number> {
  let begin: number | undefined;
  let bytes = 0;
  let atBegin = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (begin !== undefined) continue;
    begin = performance.now();
    atBegin = bytes;
  }
  if (begin === undefined || bytes !== expected) {
    throw new Error(`the stream ended after ${bytes} bytes, not ${expected}`);
  }
  return (1_000 * (bytes - atBegin)) / CHUNK_BYTES / (performance.now() - begin);
}
