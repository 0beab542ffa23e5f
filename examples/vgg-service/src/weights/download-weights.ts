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
  /** Where the finished file goes. */
  target: string;
  /** Hexadecimal; without one nothing is compared. */
  md5?: string | undefined;
  onProgress: (progress: Progress) => void;
  signal: AbortSignal;
}

/** No published model of this kind is near it; an endless answer is. */
const MAX_BYTES = 4 * 2 ** 30;
const IDLE_MS = 30_000;
/** Attempts in a row that brought nothing new, before giving up. */
const MAX_FRUITLESS = 4;

/**
 * Fetches a weights file, going on where an earlier attempt broke off, in this process or one before it.
 * Two processes may do so at once: each writes a file of its own, and the last to finish wins.
 *
 * @throws {WeightsError}, or the reason of `signal`.
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
        `What ${url.host} sent is damaged: its MD5 is not ${md5}. It has been thrown away; run the same command again.`,
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

/** One request, and all that it brings. Ends well only when the whole file is there. */
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
      `${url.host} sends more than ${MAX_BYTES / 2 ** 30} GiB: that is no VGG-16.`,
    );
  }
}

/** The disk's fault, not the network's: trying again would not help. */
function isLocal(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EIO', 'EPERM'].includes(errorCode(error) ?? '');
}
