import { performance } from 'node:perf_hooks';

import type { DownloadProgress } from '@dual/keras';

/** Shows the progress of a download: a moving bar on a terminal, else one line per tenth. */
export function progressBar(title: string, out: NodeJS.WriteStream = process.stderr) {
  const began = performance.now();
  let first: number | undefined;
  let shownTenth = -1;
  return {
    show: ({ loaded, total }: DownloadProgress): void => {
      first ??= loaded;
      const seconds = (performance.now() - began) / 1000;
      const line = describe({ loaded, total }, (loaded - first) / Math.max(seconds, 0.001));
      if (out.isTTY) {
        out.write(`\r\x1b[K${title} ${line}`);
        return;
      }
      const tenth = Math.floor((loaded / (total ?? Infinity)) * 10);
      if (tenth > shownTenth) out.write(`${title} ${line}\n`);
      shownTenth = Math.max(tenth, shownTenth);
    },
    /** Ends the line, so that the next output starts on a new one. */
    end: (): void => {
      if (out.isTTY && first !== undefined) out.write('\n');
    },
  };
}

function describe({ loaded, total }: DownloadProgress, perSecond: number): string {
  const speed = `${megabytes(perSecond)} MB/s`;
  if (total === undefined) return `${megabytes(loaded)} MB, ${speed}`;
  const share = total === 0 ? 1 : loaded / total;
  const width = 24;
  const bar = '#'.repeat(Math.round(share * width)).padEnd(width, '.');
  const percent = `${Math.floor(share * 100)}`.padStart(3);
  const left = perSecond > 0 ? `, ${Math.ceil((total - loaded) / perSecond)} s left` : '';
  return `[${bar}] ${percent} % of ${megabytes(total)} MB, ${speed}${left}`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
}
