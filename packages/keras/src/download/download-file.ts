import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';

import { DownloadError } from '../errors.js';
import { requireSpace } from './cache.js';
import { explain, isLocal } from './explain-failure.js';
import {
  claimPartial,
  dataOf,
  discardPartial,
  finishPartial,
  type PartialFile,
  releasePartial,
  reopenPartial,
  restartPartial,
} from './partial-file.js';
import { type Delivery, requestRest } from './request-rest.js';

/** The progress of a download. */
export interface DownloadProgress {
  /** Bytes so far, including those of an earlier, unfinished download. */
  loaded: number;
  /** Size of the whole file in bytes; undefined if the server does not say. */
  total: number | undefined;
}

export interface Download {
  url: URL;
  /** Path of the finished file. Its folder must exist. */
  target: string;
  /** MD5 or SHA-256, in hexadecimal. */
  checksum: string | undefined;
  /** Longest pause of the server, in ms. */
  idleTimeout: number;
  onProgress: (progress: DownloadProgress) => void;
  signal: AbortSignal;
}

/** Size limit in bytes, against an endless answer. The largest published file has 1.4 GB. */
const MAX_BYTES = 4 * 2 ** 30;
/** Number of attempts in a row without a new byte after which the download gives up. */
const MAX_FRUITLESS = 4;
/** Statuses after which another attempt may help, besides those of 500 and more. */
const PASSING = [408, 425, 429];

/**
 * Downloads a file. It resumes an unfinished download of this process or an earlier one. Several may download the same
 * file at once: each writes bytes of its own, and the last to finish wins.
 *
 * @throws {DownloadError} When the file is not available or damaged, or the disk cannot hold it.
 */
export async function downloadFile(download: Download): Promise<void> {
  const { url, target, signal } = download;
  let partial: PartialFile | undefined;
  try {
    partial = await claimPartial(target);
    const complete = await fetchAll(partial, download);
    await check(complete, download);
    await finishPartial(complete, target);
  } catch (error) {
    if (partial !== undefined) await (isUseless(error) ? discardPartial : releasePartial)(partial);
    signal.throwIfAborted();
    throw explain(error, url, dirname(target));
  }
}

/** Whether the bytes that have arrived belong to no file that anybody wants. */
function isUseless(error: unknown): boolean {
  return (
    error instanceof DownloadError &&
    ['ERR_KERAS_DOWNLOAD_CHECKSUM', 'ERR_KERAS_DOWNLOAD_TOO_LARGE'].includes(error.code)
  );
}

async function check(partial: PartialFile, { url, checksum, signal }: Download): Promise<void> {
  if (checksum === undefined) return;
  const algorithm = checksum.length === 32 ? 'md5' : 'sha256';
  const hash = createHash(algorithm);
  await pipeline(createReadStream(dataOf(partial), { highWaterMark: 1 << 20 }), hash, { signal });
  const found = hash.digest('hex');
  if (found === checksum) return;
  throw new DownloadError(
    'ERR_KERAS_DOWNLOAD_CHECKSUM',
    `The file from ${url.host} is not the right one: its ${algorithm.toUpperCase()} is ${found}, not ${checksum}. It was deleted. Try again`,
    { url },
  );
}

async function fetchAll(start: PartialFile, download: Download): Promise<PartialFile> {
  let partial = start;
  for (let fruitless = 0; ;) {
    const before = partial.received;
    try {
      return await fetchOnce(partial, download);
    } catch (error) {
      download.signal.throwIfAborted();
      if (!mayPass(error)) throw error;
      partial = await reopenPartial(partial);
      fruitless = partial.received > before ? 0 : fruitless + 1;
      if (fruitless === MAX_FRUITLESS) throw error;
      await delay(250 * 2 ** fruitless, undefined, { signal: download.signal });
    }
  }
}

/** Whether another attempt may help. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof DownloadError)) return !isLocal(error);
  return error.status !== undefined && (error.status >= 500 || PASSING.includes(error.status));
}

/** Sends one request and stores its body. Resolves only if the file is complete. */
async function fetchOnce(
  partial: PartialFile,
  { url, target, idleTimeout, onProgress, signal }: Download,
): Promise<PartialFile> {
  const idle = new AbortController();
  const timer = setTimeout(() => {
    idle.abort(new Error(`${url.host} sent nothing for ${idleTimeout / 1000} s`));
  }, idleTimeout);
  try {
    const delivery = await requestRest(url, partial, AbortSignal.any([signal, idle.signal]));
    refuseTooLarge(delivery.total ?? 0, url);
    if (delivery.from === 0) await restartPartial(partial, delivery.validator);
    if (delivery.total !== undefined)
      await requireSpace(dirname(target), delivery.total - delivery.from, url);
    const received = await append(dataOf(partial), delivery, (progress) => {
      timer.refresh();
      refuseTooLarge(progress.loaded, url);
      onProgress(progress);
    });
    if (received !== (delivery.total ?? received))
      throw new Error(`${url.host} announced ${delivery.total} bytes, but sent ${received}`);
    return { ...partial, received };
  } catch (error) {
    // The library's own error does not say which of the signals it was.
    if (idle.signal.aborted) throw idle.signal.reason;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function append(
  path: string,
  { body, from, total }: Delivery,
  onProgress: (progress: DownloadProgress) => void,
): Promise<number> {
  await using file = await open(path, from === 0 ? 'w' : 'a');
  let loaded = from;
  for await (const chunk of body) {
    await file.appendFile(chunk);
    loaded += chunk.length;
    onProgress({ loaded, total });
  }
  await file.sync();
  return loaded;
}

function refuseTooLarge(bytes: number, url: URL): void {
  if (bytes <= MAX_BYTES) return;
  throw new DownloadError(
    'ERR_KERAS_DOWNLOAD_TOO_LARGE',
    `The file from ${url.host} exceeds ${MAX_BYTES / 2 ** 30} GiB. Check the URL`,
    { url },
  );
}
