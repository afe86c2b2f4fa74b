// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677; PostgreSQL manual: "SASL Authentication"), as three pure
// steps. The client's user name stays empty in the exchange: the server takes it from the start-up message.

import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { PgConnectionError } from '../pg-errors.ts';

const MAX_ITERATIONS = 10_000_000;

export type ChannelBinding =
  /** No TLS, or no way to bind to this certificate. */
  | { readonly kind: 'unsupported' }
  /** We could bind, the server did not offer it: it must refuse if it did offer it and somebody removed the offer. */
  | { readonly kind: 'not-offered' }
  /** `data`: the certificate's hash, tls-server-end-point (RFC 5929). */
  | { readonly kind: 'bound'; readonly data: Buffer };

export interface ClientFirst {
  readonly message: string;
  readonly bare: string;
  readonly nonce: string;
  readonly channelInput: Buffer;
}

export interface ClientFinal {
  readonly message: string;
  readonly serverSignature: Buffer;
}

export function clientFirst(binding: ChannelBinding, nonce: string): ClientFirst {
  const header =
    binding.kind === 'bound' ? 'p=tls-server-end-point,,' : binding.kind === 'not-offered' ? 'y,,' : 'n,,';
  const bare = `n=,r=${nonce}`;
  const channelInput = Buffer.concat([
    Buffer.from(header),
    binding.kind === 'bound' ? binding.data : Buffer.alloc(0),
  ]);
  return { message: header + bare, bare, nonce, channelInput };
}

/** Answers the server's first message. Throws `PgConnectionError` (auth) when it does not follow the RFC. */
export async function clientFinal(
  first: ClientFirst,
  serverFirst: string,
  password: string,
): Promise<ClientFinal> {
  const fields = attributes(serverFirst);
  const nonce = fields.get('r') ?? '';
  const salt = Buffer.from(fields.get('s') ?? '', 'base64');
  const iterations = Number(fields.get('i'));
  if (!nonce.startsWith(first.nonce) || nonce.length === first.nonce.length || salt.length === 0) {
    throw new PgConnectionError('auth', 'the server sent a SCRAM challenge that does not answer ours');
  }
  if (!Number.isSafeInteger(iterations) || iterations < 1 || iterations > MAX_ITERATIONS) {
    throw new PgConnectionError('auth', `the server asked for ${fields.get('i')} SCRAM iterations`);
  }
  const salted = await promisify(pbkdf2)(saslPrepare(password), salt, iterations, 32, 'sha256');
  const clientKey = hmac(salted, 'Client Key');
  const withoutProof = `c=${first.channelInput.toString('base64')},r=${nonce}`;
  const exchange = `${first.bare},${serverFirst},${withoutProof}`;
  const signature = hmac(createHash('sha256').update(clientKey).digest(), exchange);
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
  return {
    message: `${withoutProof},p=${proof.toString('base64')}`,
    serverSignature: hmac(hmac(salted, 'Server Key'), exchange),
  };
}

/** Throws unless the server has shown that it knows the password too. */
export function verifyServerFinal(final: ClientFinal, serverFinal: string): void {
  const signature = Buffer.from(attributes(serverFinal).get('v') ?? '', 'base64');
  if (
    signature.length !== final.serverSignature.length ||
    !timingSafeEqual(signature, final.serverSignature)
  ) {
    throw new PgConnectionError('auth', 'the server could not prove that it knows the password (SCRAM)');
  }
}

function attributes(message: string): Map<string, string> {
  return new Map(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}

function hmac(key: Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

/** SASLprep (RFC 4013) without its prohibitions: PostgreSQL uses a password it cannot prepare as it is. */
function saslPrepare(password: string): string {
  return password
    .replaceAll(/[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu, ' ')
    .replaceAll(/\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/gu, '')
    .normalize('NFKC');
}
