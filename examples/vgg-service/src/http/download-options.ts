import type { ReceiveOptions } from '@dual/http';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';

import type { Settings } from '../settings/command-line.js';

/** How the image behind a URL is fetched. */
export function downloadOptions(settings: Settings): ReceiveOptions['download'] {
  const { proxy } = settings;
  return {
    accept: 'image/*,*/*;q=0.5',
    userAgent: settings['user-agent'],
    times: { total: settings['download-timeout'] },
    ...(settings['allow-private'] && { allow: ['0.0.0.0/0', '::/0'] }),
    ...(proxy !== undefined && {
      agent: (url: URL) =>
        url.protocol === 'https:' ? new HttpsProxyAgent(proxy) : new HttpProxyAgent(proxy),
    }),
  };
}
