import { performance } from 'node:perf_hooks';

export interface Progress {
  /** Bytes so far, including those of earlier attempts. */
  received: number;
  /** Size of the whole file in bytes; undefined if the server does not say. */
  total: number | undefined;
}

/** Shows the progress of a download: a moving bar on a terminal, else one line per tenth. */
export function progressBar(title: string, out: NodeJS.WriteStream = process.stderr) {
  const began = performance.now();
  let first: number | undefined;
  let shownTenth = -1;
  return {
    show: ({ received, total }: Progress): void => {
      first ??= received;
      const seconds = (performance.now() - began) / 1000;
      const line = describe({ received, total }, (received - first) / Math.max(seconds, 0.001));
      if (out.isTTY) {
        out.write(`\r\x1b[K${title} ${line}`);
        return;
      }
      const tenth = Math.floor((received / (total ?? Infinity)) * 10);
      if (tenth > shownTenth) out.write(`${title} ${line}\n`);
      shownTenth = Math.max(tenth, shownTenth);
    },
    /** Ends the line, so that the next output starts on a new one. */
    end: (): void => {
      if (out.isTTY && first !== undefined) out.write('\n');
    },
  };
}

function describe({ received, total }: Progress, perSecond: number): string {
  const speed = `${megabytes(perSecond)} MB/s`;
  if (total === undefined) return `${megabytes(received)} MB, ${speed}`;
  const share = total === 0 ? 1 : received / total;
  const width = 24;
  const bar = '#'.repeat(Math.round(share * width)).padEnd(width, '.');
  const percent = `${Math.floor(share * 100)}`.padStart(3);
  const left = perSecond > 0 ? `, ${Math.ceil((total - received) / perSecond)} s left` : '';
  return `[${bar}] ${percent} % of ${megabytes(total)} MB, ${speed}${left}`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
}
