import { createHash } from 'node:crypto';
import { join, posix } from 'node:path';

import envPaths from 'env-paths';

/** Where the platform keeps what can be had again: `$XDG_CACHE_HOME/vgg-service` or `~/.cache/vgg-service` on Linux. */
function cacheFolder(): string {
  return envPaths('vgg-service', { suffix: '' }).cache;
}

/** The cache's file for a URL: its own name, kept apart from equal names elsewhere. */
export function cachedFile(url: URL, folder: string = cacheFolder()): string {
  const mark = createHash('sha256').update(url.href).digest('hex').slice(0, 12);
  const name = posix.basename(url.pathname).replace(/[^\w.-]/g, '_');
  return join(folder, `${mark}-${name || 'weights'}`);
}
