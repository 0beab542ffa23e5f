import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import sharp from 'sharp';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** Starts the built service as a user does and waits until it is ready. */
export async function startService(args) {
  const service = spawn(process.execPath, [MAIN, '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: service.stdout });
  const url = await new Promise((resolve, reject) => {
    service.once('exit', (code) => reject(new Error(`The service ended with code ${code}`)));
    lines.on('line', (line) => {
      const ready = /^Ready: (.*)\/vgg$/.exec(line);
      if (ready) resolve(ready[1].replace('localhost', '127.0.0.1'));
    });
  });
  return {
    url,
    pid: service.pid,
    /** The process id of the model's process (Linux). */
    model: () =>
      readdirSync(`/proc/${service.pid}/task`).flatMap((task) =>
        readFileSync(`/proc/${service.pid}/task/${task}/children`, 'utf8')
          .split(' ')
          .filter(Boolean)
          .map(Number),
      )[0],
    stop: async () => {
      const exited = once(service, 'exit');
      service.kill('SIGINT');
      await exited;
    },
  };
}

/** A photo in a common form: JPEG, 1,024 × 768 pixels. */
export async function photo() {
  const sample = await readFile(new URL('../model/samples/Bag-1.png', import.meta.url));
  return sharp(sample).resize(1024, 768, { fit: 'fill' }).jpeg({ quality: 85 }).toBuffer();
}

/**
 * Posts the image from several clients in a loop until the time is up.
 *
 * @param options.clients Number of concurrent clients.
 * @param options.seconds Duration in s.
 * @param options.signal Ends the loop early.
 * @returns The number of answers, and the elapsed time in s.
 */
export async function load(url, image, { clients, seconds, signal }) {
  const began = performance.now();
  let answered = 0;
  const client = async () => {
    while (performance.now() - began < seconds * 1000 && !signal?.aborted) {
      const response = await fetch(`${url}/vgg`, {
        method: 'POST',
        body: image,
        headers: { 'content-type': 'image/jpeg', accept: 'application/json' },
      });
      const text = await response.text();
      if (response.status !== 200) throw new Error(text);
      answered++;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return { answered, seconds: (performance.now() - began) / 1000 };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
