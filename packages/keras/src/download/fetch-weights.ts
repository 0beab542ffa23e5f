import { type ApplicationName, applicationOf } from '../applications/application.js';
import { OptionError } from '../errors.js';
import { pathOf, refuseUnknown } from '../options.js';
import { cachedFile, defaultFolder, isCached } from './cache.js';
import { type Download, downloadFile, type DownloadProgress } from './download-file.js';
import { explain } from './explain-failure.js';
import { ORIGIN, PUBLISHED } from './published-weights.js';

/** Options of `fetchWeights`. */
export interface FetchWeightsOptions {
  /**
   * Whether to fetch the file with the layers that classify. Only for the name of a model.
   *
   * @default true
   */
  includeTop?: boolean | undefined;
  /**
   * URL that replaces `https://storage.googleapis.com/`, for a mirror with the same paths. Only for the name of a model.
   *
   * @default 'https://storage.googleapis.com/'
   */
  baseUrl?: string | URL | undefined;
  /**
   * The MD5 or SHA-256 that the file must have, in hexadecimal.
   *
   * @default for the name of a model, the checksum that Keras uses, if it has one; for a URL, the file is not checked
   */
  checksum?: string | undefined;
  /**
   * Folder that keeps the files.
   *
   * @default `$XDG_CACHE_HOME/dual-keras` or `~/.cache/dual-keras` on Linux, `~/Library/Caches/dual-keras` on macOS,
   * `%LOCALAPPDATA%\dual-keras` on Windows
   */
  cacheFolder?: string | URL | undefined;
  /**
   * How long the server may send nothing, in ms, 1 to 300,000. Then the request is made again.
   *
   * @default 30_000
   */
  idleTimeout?: number | undefined;
  /**
   * Called after every few KiB. If it throws, the download stops and `fetchWeights` rejects.
   *
   * @default undefined
   */
  onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /**
   * Stops the download when it is aborted. `fetchWeights` then rejects with the signal's reason, and a later call
   * resumes.
   *
   * @default undefined
   */
  signal?: AbortSignal | undefined;
}

/** A record and not a list, so that the compiler reports a missing option. */
const KNOWN: Record<keyof FetchWeightsOptions, true> = {
  includeTop: true,
  baseUrl: true,
  checksum: true,
  cacheFolder: true,
  idleTimeout: true,
  onProgress: true,
  signal: true,
};

/** Less than the time after which a partial file counts as abandoned. */
const LONGEST_IDLE_MS = 300_000;

/**
 * Downloads the weights that Keras publishes for a model of `keras.applications`, trained on ImageNet, and keeps the file
 * in a cache. An interrupted download resumes, also in a later process. Several processes may download at once.
 *
 * @param source Name of the model in lower case, for example `resnet50`. Or the http or https URL of any file.
 * @returns Path of the file. Load it with the option `architecture`.
 * @throws {OptionError} When `source` or an option has an invalid value, or an option is unknown.
 * @throws {DownloadError} When the file is not available or is not the right one, or the disk cannot hold it.
 * @throws {DOMException} When `options.signal` is aborted. If it was aborted with a reason, that reason is thrown
 * instead.
 */
export async function fetchWeights(
  source: ApplicationName | URL,
  options: FetchWeightsOptions = {},
): Promise<string> {
  refuseUnknown(options, KNOWN);
  const { url, checksum } = fileOf(source, options);
  const idleTimeout = checkIdleTimeout(options.idleTimeout ?? 30_000);
  const folder =
    options.cacheFolder === undefined ? defaultFolder() : pathOf(options.cacheFolder, 'cacheFolder');
  options.signal?.throwIfAborted();
  const target = cachedFile(folder, url, checksum);
  const cached = await isCached(folder, target).catch((error: unknown) => {
    throw explain(error, url, folder);
  });
  if (!cached) await downloadFile({ url, target, checksum, idleTimeout, ...watched(options) });
  return target;
}

/** An error of the caller's own function stops the download as the caller's signal does. */
function watched({ onProgress, signal }: FetchWeightsOptions): Pick<Download, 'onProgress' | 'signal'> {
  const stop = new AbortController();
  return {
    signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]),
    onProgress: (progress) => {
      try {
        onProgress?.(progress);
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    },
  };
}

function fileOf(
  source: unknown,
  { includeTop, baseUrl, checksum }: FetchWeightsOptions,
): { url: URL; checksum: string | undefined } {
  checkChecksum(checksum);
  if (source instanceof URL) {
    if (includeTop !== undefined || baseUrl !== undefined)
      throw new OptionError(
        includeTop === undefined ? 'baseUrl' : 'includeTop',
        'includeTop and baseUrl apply only to the name of a model, not to a URL',
      );
    return { url: webUrl('source', source), checksum };
  }
  if (typeof source !== 'string')
    throw new OptionError('source', 'source must be the name of a keras.applications model, or a URL');
  if (includeTop !== undefined && typeof includeTop !== 'boolean')
    throw new OptionError('includeTop', 'includeTop must be true or false');
  const { name } = applicationOf(source, 'source');
  const [path, published] = PUBLISHED[name][includeTop === false ? 'noTop' : 'top'];
  const base = webUrl('baseUrl', baseUrl ?? ORIGIN).href;
  return { url: new URL(path, base.endsWith('/') ? base : `${base}/`), checksum: checksum ?? published };
}

function webUrl(option: string, value: unknown): URL {
  const text = value instanceof URL ? value.href : value;
  if (typeof text === 'string' && URL.canParse(text)) {
    const url = new URL(text);
    if (['http:', 'https:'].includes(url.protocol)) return url;
  }
  throw new OptionError(option, `${option} must be an http or https URL, not ${JSON.stringify(text)}`);
}

function checkChecksum(checksum: unknown): void {
  if (checksum === undefined) return;
  if (typeof checksum === 'string' && /^(?:[\da-f]{32}|[\da-f]{64})$/u.test(checksum)) return;
  throw new OptionError(
    'checksum',
    'checksum must be an MD5 (32 digits) or SHA-256 (64 digits), in lower-case hexadecimal',
  );
}

function checkIdleTimeout(idleTimeout: unknown): number {
  if (typeof idleTimeout === 'number' && idleTimeout >= 1 && idleTimeout <= LONGEST_IDLE_MS)
    return idleTimeout;
  throw new OptionError('idleTimeout', `idleTimeout must be from 1 to ${LONGEST_IDLE_MS} ms`);
}
