// The proxies of the environment, as other programs read them: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, each in small letters
// first. Requests of https go through a tunnel that the proxy is asked for with CONNECT, those of http are sent to it. An
// address of a proxy may hold a password, and so is told to nobody.

import { errors } from '../errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Proxies {
  readonly httpProxy: string;
  /** Where it is '', requests of https go through the other one. */
  readonly httpsProxy: string;
  readonly noProxy: string;
}

/** undefined where there are none. Throws CDK_PROXY_INVALID. */
export function proxiesOf(env: Environment): Proxies | undefined {
  const httpProxy = addressOf(env, 'HTTP_PROXY');
  const httpsProxy = addressOf(env, 'HTTPS_PROXY');
  if (httpProxy === '' && httpsProxy === '') return undefined;
  return { httpProxy, httpsProxy, noProxy: setting(env, 'NO_PROXY') };
}

function setting(env: Environment, name: string): string {
  return (env[name.toLowerCase()] ?? env[name] ?? '').trim();
}

function addressOf(env: Environment, name: string): string {
  const written = setting(env, name);
  if (written === '') return '';
  const address = written.includes('://') ? written : `http://${written}`;
  if (!isAddress(address)) {
    // Without a cause, as Node's own error shows what it was given.
    throw errors.CDK_PROXY_INVALID({ message: `${name} of the environment is not the address of a proxy.` });
  }
  return address;
}

function isAddress(text: string): boolean {
  try {
    const { protocol, username, password } = new URL(text);
    decodeURIComponent(username);
    decodeURIComponent(password);
    return protocol === 'http:' || protocol === 'https:';
  } catch {
    return false;
  }
}

/** What a proxy says that lets nobody through without a password, or not to this host; any other failure is the network's. */
const REFUSAL = /^Proxy response \((403|407)\)|^Proxy Authentication Required/;

/** `failure`: of a request to `host`. */
export function refusalOf(failure: unknown, host: string): Error | undefined {
  if (!(failure instanceof Error) || !REFUSAL.test(failure.message)) return undefined;
  const status = failure.message.includes('403') ? 403 : 407;
  return errors.CDK_PROXY_REFUSED({
    message: `The proxy of this machine answered with ${status} when it was asked for ${host}.`,
  });
}
