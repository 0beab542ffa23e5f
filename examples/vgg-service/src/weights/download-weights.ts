import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { errorCode } from '../error-code.js';
import { md5Of } from './checksum.js';
import { explain } from './explain-failure.js';
import { requireSpace } from './free-space.js';
import {
  claimPartial,
  discardPartial,
  finishPartial,
  type PartialFile,
  rememberValidator,
  reopenPartial,
} from './partial-file.js';
import type { Progress } from './progress-bar.js';
import { type Delivery, requestRest } from './request-range.js';
import { WeightsError } from './weights-error.js';

export interface WeightsDownload {
  url: URL;
  /** Path of the finished file. */
  target: string;
  /**
   * Expected MD5, in hexadecimal.
   *
   * @default undefined, so the file is not checked
   */
  md5?: string | undefined;
  onProgress: (progress: Progress) => void;
  signal: AbortSignal;
}

/** Size limit in bytes, against an endless answer. Published models of this kind are far smaller. */
const MAX_BYTES = 4 * 2 ** 30;
/** Longest pause between two chunks. */
const IDLE_MS = 30_000;
/** Number of attempts in a row without a new byte after which the download gives up. */
const MAX_FRUITLESS = 4;

/**
 * Downloads a weights file. It resumes an unfinished download of this process or an earlier one. Two processes may
 * download at once: each writes a file of its own, and the last to finish wins.
 * If `signal` is aborted, the promise rejects with the signal's reason.
 *
 * @throws {WeightsError} When the file is not available or damaged, or the disk cannot hold it.
 */
export async function downloadWeights(download: WeightsDownload): Promise<void> {
  const { url, target, md5, signal } = download;
  try {
    await mkdir(dirname(target), { recursive: true });
    const partial = await fetchAll(await claimPartial(target), download);
    if (md5 !== undefined && (await md5Of(partial.path, signal)) !== md5) {
      await discardPartial(partial);
      throw new WeightsError(
        'ERR_WEIGHTS_CHECKSUM',
        `The file from ${url.host} is damaged: its MD5 is not ${md5}. The service has deleted it. Run the same command again.`,
      );
    }
    await finishPartial(partial, target);
  } catch (error) {
    signal.throwIfAborted();
    throw explain(error, url, dirname(target));
  }
}

async function fetchAll(start: PartialFile, download: WeightsDownload): Promise<PartialFile> {
  let partial = start;
  for (let fruitless = 0; ;) {
    const before = partial.received;
    try {
      return await fetchOnce(partial, download);
    } catch (error) {
      download.signal.throwIfAborted();
      if (error instanceof WeightsError || isLocal(error)) throw error;
      partial = await reopenPartial(partial);
      fruitless = partial.received > before ? 0 : fruitless + 1;
      if (fruitless === MAX_FRUITLESS) throw error;
      await delay(250 * 2 ** fruitless, undefined, { signal: download.signal });
    }
  }
}

/** Sends one request and stores its body. Resolves only if the file is complete. */
async function fetchOnce(
  partial: PartialFile,
  { url, onProgress, signal, target }: WeightsDownload,
): Promise<PartialFile> {
  const idle = new AbortController();
  const timer = setTimeout(() => {
    idle.abort(new Error(`${url.host} sent nothing for ${IDLE_MS / 1000} s`));
  }, IDLE_MS);
  try {
    const delivery = await requestRest(url, partial, AbortSignal.any([signal, idle.signal]));
    refuseTooLarge(delivery.total ?? 0, url);
    if (delivery.total !== undefined) await requireSpace(dirname(target), delivery.total - delivery.from);
    if (delivery.from === 0) await rememberValidator(partial, delivery.validator);
    const received = await append(partial.path, delivery, (progress) => {
      timer.refresh();
      refuseTooLarge(progress.received, url);
      onProgress(progress);
    });
    if (received !== (delivery.total ?? received)) throw new Error(`${url.host} closed the connection early`);
    return { ...partial, received };
  } finally {
    clearTimeout(timer);
  }
}

async function append(
  path: string,
  { body, from, total }: Delivery,
  onProgress: (progress: Progress) => void,
): Promise<number> {
  await using file = await open(path, from === 0 ? 'w' : 'a');
  let received = from;
  for await (const chunk of body) {
    await file.appendFile(chunk);
    received += chunk.length;
    onProgress({ received, total });
  }
  await file.sync();
  return received;
}

function refuseTooLarge(bytes: number, url: URL): void {
  if (bytes > MAX_BYTES) {
    throw new WeightsError(
      'ERR_WEIGHTS_TOO_LARGE',
      `The file from ${url.host} exceeds ${MAX_BYTES / 2 ** 30} GiB, so it is not a VGG-16. Check the URL.`,
    );
  }
}

/** Whether the disk is at fault, not the network. A new attempt would not help then. */
function isLocal(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EIO', 'EPERM'].includes(errorCode(error) ?? '');
}
