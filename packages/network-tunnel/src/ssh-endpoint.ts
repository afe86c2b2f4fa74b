import { errors } from './errors.ts';

export interface SshEndpoint {
  readonly user: string;
  /** Without brackets if it is an IPv6 address. */
  readonly host: string;
  readonly port: number;
}

const DEFAULT_PORT = 22;

/** Reads `ssh://user@host[:port]`. Throws TUNNEL_ENDPOINT_INVALID. */
export function parseSshEndpoint(text: string): SshEndpoint {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  if (url === undefined || url.protocol !== 'ssh:') throw invalid('it is no ssh:// address');
  if (url.username === '') throw invalid('it names no user');
  if (url.password !== '') throw invalid('it holds a password, which the tunnel does not use');
  if (url.hostname === '') throw invalid('it names no host');
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '')
    throw invalid('something follows the port');
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  if (port === 0) throw invalid('port 0 does not exist');
  return {
    user: decodeURIComponent(url.username),
    host: decodeURIComponent(url.hostname.replaceAll(/^\[|\]$/g, '')),
    port,
  };
}

/** As a person reads it, without the user. */
export function endpointAddress({ host, port }: Pick<SshEndpoint, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The text itself is not repeated: it may hold a password. */
function invalid(reason: string) {
  return errors.TUNNEL_ENDPOINT_INVALID({ message: `the SSH endpoint cannot be used: ${reason}` });
}
