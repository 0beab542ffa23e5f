import { performance } from 'node:perf_hooks';

import type { AgentFor } from '../download/agents.js';
import { downloadImage } from '../download/download-image.js';
import { parseImageUrl } from '../download/parse-url.js';
import { type ImageFormat, requireImage } from '../imaging/format.js';
import type { Sample } from '../model/samples.js';
import type { TakeMemory } from './memory-budget.js';
import { type ImageSource, MAX_IMAGE_BYTES } from './request/image-source.js';

/** The image of a request, in the memory of the web server. */
export interface FoundImage {
  source: ImageSource['kind'];
  bytes: Uint8Array;
  format: ImageFormat;
  /** Source and size of the image, for the page. */
  caption: string;
  /** Duration of the download in ms, if the image came from a URL. */
  downloadMs?: number;
}

const times = { total: 20_000, idle: 8_000 };
const MAX_REDIRECTS = 5;

interface FindOptions {
  sample: Sample;
  agentFor: AgentFor;
  take: TakeMemory;
  signal: AbortSignal;
}

/**
 * Gets the image of a request and checks that it is one.
 *
 * @throws {DownloadError} When the image at a URL is not available.
 * @throws {ImageError} When the bytes are not an image.
 * @throws {Problem} When all requests together would hold too much memory (503).
 */
export async function findImage(
  source: ImageSource,
  { sample, agentFor, take, signal }: FindOptions,
): Promise<FoundImage> {
  switch (source.kind) {
    case 'sample':
      return { source: 'sample', ...sample, format: requireImage(sample.bytes, 'The sample photo') };
    case 'upload': {
      const { bytes, origin } = source;
      return {
        source: 'upload',
        bytes,
        format: requireImage(bytes, origin),
        caption: `Your image, ${size(bytes.length)}`,
      };
    }
    case 'url': {
      const url = parseImageUrl(source.url);
      const began = performance.now();
      const refused = new AbortController();
      const bytes = await downloadImage(url, {
        maxBytes: MAX_IMAGE_BYTES,
        times,
        maxRedirects: MAX_REDIRECTS,
        agentFor,
        onBytes: (received) => {
          try {
            take(received);
          } catch (error) {
            refused.abort(error);
            throw error;
          }
        },
        signal: AbortSignal.any([signal, refused.signal]),
      });
      const format = requireImage(bytes, `The answer from ${url.host}`);
      return {
        source: 'url',
        bytes,
        format,
        caption: `From ${url.host}, ${size(bytes.length)}`,
        downloadMs: performance.now() - began,
      };
    }
  }
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
