import { BlockList, isIPv6 } from 'node:net';

import { Problem } from '../problems/problem.js';

/** Which addresses a download may connect to. */
export interface AddressRules {
  /**
   * Ranges such as `10.1.0.0/16` that are allowed though they are not public. `['0.0.0.0/0', '::/0']` allows everything.
   * @default []
   */
  allow?: readonly string[] | undefined;
  /**
   * Ranges that are refused though they are public, such as the public addresses of this network.
   * @default []
   */
  deny?: readonly string[] | undefined;
}

/** IPv4 that is not on the public internet, after the IANA special-purpose registry, and what clouds keep for themselves. */
const PRIVATE_IPV4 = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8',
  '100.64.0.0/10', // carrier-grade NAT; Alibaba's metadata: 100.100.100.200
  '127.0.0.0/8',
  '168.63.129.16/32', // Azure's host, public by its number
  '169.254.0.0/16', // link-local; the metadata of most clouds: 169.254.169.254
  '172.16.0.0/12',
  '192.0.0.0/24', // protocol assignments; Oracle's metadata: 192.0.0.192
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16',
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
];

/** Only this is public IPv6. Outside lie loopback, link-local, unique local, and IPv4 in other notations. */
const PUBLIC_IPV6 = ['2000::/3'];

/** These ranges of it are not public. */
const PRIVATE_IPV6 = [
  '2001::/23', // protocol assignments, among them Teredo, which embeds an IPv4 address
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4, which embeds an IPv4 address
  '3fff::/20', // documentation
];

/**
 * Makes a function that says whether a download may connect to an address.
 * @throws {TypeError} If a range is malformed: it is a mistake of the application.
 */
export function addressFilter({ allow = [], deny = [] }: AddressRules = {}): (address: string) => boolean {
  const allowed = blockList(allow);
  const denied = blockList([...PRIVATE_IPV4, ...PRIVATE_IPV6, ...deny]);
  const publicIpv6 = blockList(PUBLIC_IPV6);
  return (address) => {
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (allowed.check(address, family)) return true;
    return !denied.check(address, family) && (family === 'ipv4' || publicIpv6.check(address, family));
  };
}

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [, address = '', bits] = /^([\da-f.:]+)\/(\d{1,3})$/i.exec(range) ?? [];
    try {
      list.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4');
    } catch (cause) {
      throw new TypeError(`"${range}" is not a range of addresses such as 10.1.0.0/16 or fd00::/8`, {
        cause,
      });
    }
  }
  return list;
}

/** The refusal of a host. It does not name the address: it may be internal. */
export function privateAddress(host: string, field: string): Problem {
  return new Problem({
    status: 403,
    code: 'ERR_URL_PRIVATE',
    detail: `${host} leads to a private or reserved address, which this service does not fetch. Give a public URL.`,
    field,
  });
}
