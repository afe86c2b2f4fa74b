// The field `address`: where the server is.

import { errors } from './errors.ts';

export interface ServerLocation {
  /** As written, with the brackets of `[::1]`. */
  readonly host: string;
  readonly port: number;
}

const standardPort = 5432;

/** `host`, `host:port`, `[::1]:port`, `::1` or a folder of a Unix socket. */
export function splitAddress(address: string): ServerLocation {
  const match = /^(\[[^\]]+\]|[^:]*):([0-9]+)$/.exec(address);
  if (match === null) return { host: address, port: standardPort };
  return { host: match[1] ?? '', port: Number(match[2]) };
}

/** The server as an SSH server knows it. */
export function tunnelTarget(address: string): ServerLocation {
  const { host, port } = splitAddress(address);
  return { host: host.replaceAll(/^\[|\]$/g, ''), port };
}

/** Throws PG_CONFIG_INVALID. */
export function checkAddress(address: string): void {
  const { host, port } = splitAddress(address);
  const isSocket = host.startsWith('/');
  if (/^\w+(:\w+)?:\/\//.test(address) || (!isSocket && address.includes('@'))) {
    throw errors.PG_CONFIG_INVALID({
      // It may hold a password.
      message: '/address is a URL, or has a user in front',
      fix: 'Give only host:port here; user, password and database have fields of their own.',
    });
  }
  if (!isSocket && /^[^[:]*:[^:]*$/.test(host)) {
    throw errors.PG_CONFIG_INVALID({
      message: `/address names the host ${JSON.stringify(host.split(':')[0])} with a port that is no number`,
      fix: 'Give host:port, or the host alone if the server listens on 5432.',
    });
  }
  if (host.trim() === '') throw errors.PG_CONFIG_INVALID({ message: '/address names no host' });
  if (port < 1 || port > 65_535) {
    throw errors.PG_CONFIG_INVALID({
      message: `/address ends in the port ${port}, and ports go from 1 to 65535`,
      fix: 'Give the port on which the server listens; 5432 if you leave it out.',
    });
  }
}

/** For connectors that need the server itself; `because` ends the sentence: `which cannot replicate`. Throws PG_CONFIG_INVALID. */
export function refusePooler(address: string, because: string): void {
  if (!/\.pooler\.supabase\.com(:6543)?$/.test(address)) return;
  throw errors.PG_CONFIG_INVALID({
    message: `${address} is a connection pooler, ${because}`,
    fix: 'Use the direct address of your Supabase database, db.<project>.supabase.co:5432.',
  });
}
