import { createHash } from 'node:crypto';
import { join, posix } from 'node:path';

import envPaths from 'env-paths';

/** The platform's cache folder. On Linux: `$XDG_CACHE_HOME/vgg-service` or `~/.cache/vgg-service`. */
function cacheFolder(): string {
  return envPaths('vgg-service', { suffix: '' }).cache;
}

/** The file in the cache for a URL. A hash of the URL separates files that have the same name. */
export function cachedFile(url: URL, folder: string = cacheFolder()): string {
  const mark = createHash('sha256').update(url.href).digest('hex').slice(0, 12);
  const name = posix.basename(url.pathname).replace(/[^\w.-]/g, '_');
  return join(folder, `${mark}-${name || 'weights'}`);
}
