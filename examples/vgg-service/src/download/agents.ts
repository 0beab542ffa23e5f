import type { Agent } from 'node:http';

import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from 'request-filtering-agent';

/** Chooses the agent for a URL. */
export type AgentFor = (url: URL) => Agent;

/** IPv6 ranges that embed an IPv4 address, which could be private. */
const disguised = ['::/96', '64:ff9b::/96', '64:ff9b:1::/48', '2002::/16', '2001::/32'];

/**
 * Makes agents that check each address at the moment of connecting. So neither a second DNS answer (DNS rebinding)
 * nor an unusual notation of an address bypasses the check.
 */
export function agents({ allowPrivate }: { allowPrivate: boolean }): AgentFor {
  const options = allowPrivate
    ? { allowPrivateIPAddress: true, allowMetaIPAddress: true }
    : { denyIPAddressList: disguised };
  const http = new RequestFilteringHttpAgent(options);
  const https = new RequestFilteringHttpsAgent(options);
  return (url) => (url.protocol === 'https:' ? https : http);
}

/** Identifies a refusal by its message: the agents throw plain errors. So package.json pins their exact version. */
export function isRefusedAddress(error: unknown): boolean {
  return error instanceof Error && /is not allowed\. Because,? It is/i.test(error.message);
}
