import type { Input } from '@dual/http';

import { type ImageFormat, requireImage } from '../imaging/format.js';
import type { Sample } from '../model/samples.js';

/** The image of a request, in the memory of the web server. */
export interface FoundImage {
  source: 'sample' | 'url' | 'upload';
  bytes: Uint8Array;
  format: ImageFormat;
  /** Source and size of the image, for the page. */
  caption: string;
  /** Duration of the download in ms, if the image came from a URL. */
  downloadMs: number | undefined;
}

/** @throws {ImageError} When the bytes are not an image. */
export function foundImage({ bytes, source, name, downloadTime }: Input): FoundImage {
  const host = name ?? 'the other server';
  const origin = { body: 'The body', file: 'The file', base64: 'The base64', url: `The answer from ${host}` };
  const format = requireImage(bytes, origin[source]);
  const caption = `${source === 'url' ? `From ${host}` : 'Your image'}, ${size(bytes.length)}`;
  return { source: source === 'url' ? 'url' : 'upload', bytes, format, caption, downloadMs: downloadTime };
}

/** The sample photo, for a request without an image. */
export function foundSample({ bytes, caption }: Sample): FoundImage {
  const format = requireImage(bytes, 'The sample photo');
  return { source: 'sample', bytes, format, caption, downloadMs: undefined };
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
