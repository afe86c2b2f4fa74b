// AWS Signature Version 4 (AWS documentation: "Create a signed AWS API request"), in the two forms that are needed:
// in a header, and in the query of a presigned URL.

import { createHash, createHmac } from 'node:crypto';
import type { AwsCredentials } from './aws-credentials.ts';

export interface SignableRequest {
  readonly method: string;
  /** With `https://host[:port]`; path and query as they are sent. */
  readonly url: string;
  /** Beside `host`, which comes from the URL. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface SigningScope {
  readonly credentials: AwsCredentials;
  readonly region: string;
  readonly service: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** The headers to send, with `authorization` among them. */
export function signRequest(request: SignableRequest, scope: SigningScope): Record<string, string> {
  const url = new URL(request.url);
  const { sessionToken } = scope.credentials;
  const headers: Record<string, string> = {
    ...request.headers,
    host: url.host,
    'x-amz-date': timestamp(scope.now),
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  };
  const { signedHeaders, signature } = sign(request.method, url, headers, request.body ?? '', scope);
  const credential = `${scope.credentials.accessKeyId}/${credentialScope(scope)}`;
  return {
    ...headers,
    authorization: `${ALGORITHM} Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  };
}

/** The URL, good for `expiresInSeconds`. */
export function presign(url: string, scope: SigningScope, expiresInSeconds: number): string {
  const signed = new URL(url);
  const { accessKeyId, sessionToken } = scope.credentials;
  const parameters = {
    'X-Amz-Algorithm': ALGORITHM,
    'X-Amz-Credential': `${accessKeyId}/${credentialScope(scope)}`,
    'X-Amz-Date': timestamp(scope.now),
    'X-Amz-Expires': String(expiresInSeconds),
    ...(sessionToken === undefined ? {} : { 'X-Amz-Security-Token': sessionToken }),
    'X-Amz-SignedHeaders': 'host',
  };
  for (const [name, value] of Object.entries(parameters)) signed.searchParams.append(name, value);
  const { query, signature } = sign('GET', signed, { host: hostOf(url) }, '', scope);
  return `${url.split('?')[0] ?? ''}?${query}&X-Amz-Signature=${signature}`;
}

/** With the port even if it is the scheme's own, which URL drops. */
function hostOf(url: string): string {
  return /^[a-z]+:\/\/([^/?#]+)/.exec(url)?.[1] ?? '';
}

function sign(
  method: string,
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  scope: SigningScope,
): { readonly query: string; readonly signedHeaders: string; readonly signature: string } {
  const named = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim().replaceAll(/ +/g, ' ')] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const signedHeaders = named.map(([name]) => name).join(';');
  const query = canonicalQuery(url.searchParams);
  const canonical = [
    method,
    url.pathname,
    query,
    ...named.map(([name, value]) => `${name}:${value}`),
    '',
    signedHeaders,
    sha256(body),
  ].join('\n');
  const toSign = [ALGORITHM, timestamp(scope.now), credentialScope(scope), sha256(canonical)].join('\n');
  const signature = createHmac('sha256', signingKey(scope)).update(toSign).digest('hex');
  return { query, signedHeaders, signature };
}

function canonicalQuery(parameters: URLSearchParams): string {
  const encoded = [...parameters].map(([name, value]) => [encode(name), encode(value)] as const);
  encoded.sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1));
  return encoded.map(([name, value]) => `${name}=${value}`).join('&');
}

/** As RFC 3986 has it: `encodeURIComponent` leaves five more characters alone. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Derived for a day, a region and a service. */
export function signingKey({ credentials, region, service, now }: SigningScope): Buffer {
  const day = timestamp(now).slice(0, 8);
  let key: string | Buffer = `AWS4${credentials.secretAccessKey}`;
  for (const part of [day, region, service, 'aws4_request']) {
    key = createHmac('sha256', key).update(part).digest();
  }
  return Buffer.from(key);
}

function credentialScope({ now, region, service }: SigningScope): string {
  return `${timestamp(now).slice(0, 8)}/${region}/${service}/aws4_request`;
}

/** `20150830T123600Z` */
function timestamp(now: number): string {
  return new Date(now).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
