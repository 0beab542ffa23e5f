import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** Code of the error if a host name leads to a refused address. node-fetch keeps nothing but the code of an error. */
export const REFUSED_ADDRESS = 'ERR_REFUSED_ADDRESS';

/**
 * Makes the function by which a socket finds the addresses of a host name. The socket connects to the very addresses that
 * were checked here: no second answer of the name server (DNS rebinding) comes in between.
 */
export function guardedLookup(allowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = error === null ? addresses : [];
      if (first === undefined) callback(error ?? failure('no address', 'ENOTFOUND'), '');
      // One refused address is enough: the socket would try them in turn.
      else if (!addresses.every(({ address }) => allowed(address)))
        callback(failure('refused', REFUSED_ADDRESS), '');
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function failure(message: string, code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}
