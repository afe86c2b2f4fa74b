// Keeps a connector away from what is only reachable from where it runs: a URL that a user typed, or that an API put
// into an answer, must not lead to the metadata service of a cloud or to a neighbour. Names are checked by the addresses
// they resolve to, at the moment of the connection, so that a name cannot change in between.

import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { errors } from '../errors.ts';

const notPublic = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  notPublic.addSubnet(network, prefix, 'ipv4');
  // The same addresses as IPv6 carries them.
  notPublic.addSubnet(`::ffff:${network}`, 96 + prefix, 'ipv6');
  notPublic.addSubnet(`64:ff9b::${network}`, 96 + prefix, 'ipv6');
}
for (const [network, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  notPublic.addSubnet(network, prefix, 'ipv6');
}

export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !notPublic.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** Throws when the host of a URL is an address that is not public. Names are left to `guardedLookup`. */
export function assertPublicHost({ hostname }: URL): void {
  const address = hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) !== 0 && !isPublicAddress(address)) throw refused(address);
}

/** Names that are of a machine or its own network by their form. */
const LOCAL_NAME = /^[^.]+$|\.(?:localhost|local|internal)$/;

/** For names that are not resolved here but by a proxy, whose neighbours they may be. */
export function assertPublicName({ hostname }: URL): void {
  const name = hostname.replace(/\.$/, '');
  if (isIP(name.replace(/^\[|\]$/g, '')) === 0 && LOCAL_NAME.test(name)) throw refused(hostname);
}

/** `lookup` of sockets that refuses a name with any address that is not public. */
export const guardedLookup: LookupFunction = (hostname, options: LookupOptions, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    const addresses: LookupAddress[] = Array.isArray(found) ? found : [];
    const hidden = addresses.find(({ address }) => !isPublicAddress(address));
    const failure = error ?? (hidden === undefined ? null : refused(hostname));
    if (options.all === true) callback(failure, addresses);
    else callback(failure, addresses[0]?.address ?? '', addresses[0]?.family);
  });
};

function refused(host: string): Error {
  return errors.CDK_HTTP_ADDRESS_REFUSED({
    message: `${host} is not an address of the public network.`,
  });
}
