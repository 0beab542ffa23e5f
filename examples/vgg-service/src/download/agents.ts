import type { Agent } from 'node:http';

import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from 'request-filtering-agent';

export type AgentFor = (url: URL) => Agent;

/** Ranges that carry an IPv4 address inside an IPv6 one, and so could name a private machine in disguise. */
const disguised = ['::/96', '64:ff9b::/96', '64:ff9b:1::/48', '2002::/16', '2001::/32'];

/**
 * Agents that check the address they are about to connect to, at that moment: neither a second DNS answer nor
 * an odd notation of an address gets past them.
 */
export function agents({ allowPrivate }: { allowPrivate: boolean }): AgentFor {
  const options = allowPrivate
    ? { allowPrivateIPAddress: true, allowMetaIPAddress: true }
    : { denyIPAddressList: disguised };
  const http = new RequestFilteringHttpAgent(options);
  const https = new RequestFilteringHttpsAgent(options);
  return (url) => (url.protocol === 'https:' ? https : http);
}

/** The agents throw plain errors; their wording is the only mark, so package.json pins the version. */
export function isRefusedAddress(error: unknown): boolean {
  return error instanceof Error && /is not allowed\. Because,? It is/i.test(error.message);
}
