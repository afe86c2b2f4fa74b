// The transport of a running connector: pools of connections by undici, with time-outs, proxies of the environment,
// and a guard on addresses.

import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { Readable, type Transform } from 'node:stream';
import { Agent, type Dispatcher, EnvHttpProxyAgent, request as send } from 'undici';
import { errors } from '../errors.ts';
import { assertPublicHost, assertPublicName, guardedLookup } from './address-guard.ts';
import { zstdFrames } from './compressed-parts.ts';
import { type Environment, type Proxies, proxiesOf, refusalOf } from './proxies.ts';
import type { ResponseHeaders, Transport } from './transport.ts';

export interface UndiciTransportOptions {
  /** Servers of the user's own network may be reached. */
  readonly allowsPrivateAddresses?: boolean;
  /** Where HTTP_PROXY, HTTPS_PROXY and NO_PROXY are; that of the process. */
  readonly env?: Environment;
  readonly connectTimeoutMs?: number;
  /** Until the head of an answer. */
  readonly headersTimeoutMs?: number;
  /** Between two parts of a body. */
  readonly bodyTimeoutMs?: number;
}

/** Nobody compresses more often, but to blow up whoever decompresses. */
const MOST_ENCODINGS = 3;
/** Accepted in answers; decompressed here. */
const ENCODINGS = 'gzip, deflate, br, zstd';

export function undiciTransport(options: UndiciTransportOptions = {}): Transport {
  const { allowsPrivateAddresses = false, connectTimeoutMs = 30_000 } = options;
  const pool = {
    connectTimeout: connectTimeoutMs,
    connect: {
      timeout: connectTimeoutMs,
      ...(allowsPrivateAddresses ? {} : { lookup: guardedLookup }),
    },
    headersTimeout: options.headersTimeoutMs ?? 300_000,
    bodyTimeout: options.bodyTimeoutMs ?? 300_000,
  };
  const proxies = proxiesOf(options.env ?? process.env);
  const dispatcher = dispatcherOf(pool, proxies);
  return async ({ method, url, headers, body, signal }) => {
    if (!allowsPrivateAddresses) {
      assertPublicHost(url);
      if (proxies !== undefined) assertPublicName(url);
    }
    const answer = await send(url, {
      dispatcher,
      method: method as 'GET',
      headers: { 'accept-encoding': ENCODINGS, ...headers },
      ...(body === undefined ? {} : { body }),
      signal,
    }).catch((failure: unknown) => {
      throw refusalOf(failure, url.host) ?? failure;
    });
    const received = flatHeaders(answer.headers);
    return {
      status: answer.statusCode,
      headers: received,
      body: decompressed(answer.body, received['content-encoding']),
    };
  };
}

/** The guard does not look at the proxy itself, which stands in a network of the user, nor at what it resolves. */
function dispatcherOf(pool: Agent.Options, proxies: Proxies | undefined): Dispatcher {
  return proxies === undefined ? new Agent(pool) : new EnvHttpProxyAgent({ ...pool, ...proxies });
}

function flatHeaders(headers: Record<string, string | string[] | undefined>): ResponseHeaders {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  );
}

/** Undoes the encodings of a body, the last one first. */
export function decompressed(body: Readable, encodings: string | undefined): Readable {
  let plain = body;
  const layers = (encodings ?? '').split(',');
  if (layers.length > MOST_ENCODINGS) {
    body.on('error', () => undefined).destroy();
    throw errors.CDK_BODY_INVALID({ message: `An answer was compressed ${layers.length} times.` });
  }
  for (const encoding of layers.reverse()) {
    const name = encoding.trim().toLowerCase();
    if (name === 'zstd') {
      plain = Readable.from(zstdFrames(plain));
      continue;
    }
    const stage = decompressor(name);
    if (stage === undefined) continue;
    const source = plain;
    source.on('error', (error) => stage.destroy(error));
    stage.on('close', () => source.destroy());
    plain = source.pipe(stage);
  }
  return plain;
}

function decompressor(encoding: string): Transform | undefined {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      return undefined;
  }
}
