// Proofs that a request comes from who it says it does. A signature is checked first and its age after, so that nobody who
// lacks the key learns anything from the answer, and everything is compared in constant time.

import {
  createHash,
  createHmac,
  createPublicKey,
  type KeyObject,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import type { Secret } from '@weir/schema';
import { errors } from '../errors.ts';
import type { WebhookRequest } from './webhook-request.ts';

/** undefined: the request is in order; otherwise why it is not, in a fixed text that tells nothing of the key. */
export type Verification = ((request: WebhookRequest, nowMs: number) => string | undefined) & {
  /** Headers that hold a secret, and so never become part of a document. */
  readonly hides?: readonly string[];
};

/** A signature that is made in the future by more than clocks differ is no signature. */
const FUTURE_MS = 15_000;
const OLDEST_S = 300;

export interface SignedRequest {
  /** The signatures that a request brings, as they stand; a sender that changes its key sends two. */
  readonly signatures: (request: WebhookRequest) => readonly string[];
  readonly encoding: 'hex' | 'base64';
  /** What was signed; the body alone when absent. `timestamp` is '' where there is none. */
  readonly signed?: (request: WebhookRequest, timestamp: string) => readonly (string | Buffer)[];
  /** When it was signed, as it stands. */
  readonly timestamp?: (request: WebhookRequest) => string | undefined;
  /** How the time is written: Unix seconds, Unix milliseconds, or a date and time. Seconds when absent. */
  readonly unit?: 's' | 'ms' | 'iso';
  /** Seconds after which a signature is too old; 300. */
  readonly maxAgeS?: number;
  /** A request without a body may be signed too. */
  readonly takesEmptyBody?: boolean;
}

export interface HmacSignature extends SignedRequest {
  readonly secret: Secret | string | Buffer;
  /** SHA-256 when absent. */
  readonly algorithm?: 'sha1' | 'sha256' | 'sha512';
}

export function hmac({ secret, algorithm = 'sha256', ...request }: HmacSignature): Verification {
  return signed(request, (parts, signature) => {
    const key = typeof secret === 'string' || Buffer.isBuffer(secret) ? secret : secret.reveal();
    const own = createHmac(algorithm, key);
    for (const part of parts) own.update(part);
    return sameBytes(own.digest(), signature);
  });
}

export interface EcdsaSignature extends SignedRequest {
  /** SPKI, as PEM or as base64 of DER. */
  readonly publicKey: Secret | string;
}

/** ECDSA over SHA-256, with the signature as DER. */
export function ecdsa({ publicKey, ...request }: EcdsaSignature): Verification {
  const key = readPublicKey(typeof publicKey === 'string' ? publicKey : publicKey.reveal());
  return signed(request, (parts, signature) => {
    const whole = Buffer.concat(parts.map((part) => Buffer.from(part)));
    return verify('sha256', whole, key, signature);
  });
}

function signed(
  request: SignedRequest,
  isRight: (parts: readonly (string | Buffer)[], signature: Buffer) => boolean,
): Verification {
  const { signatures, encoding, timestamp, unit = 's', maxAgeS = OLDEST_S } = request;
  return (received, nowMs) => {
    if (received.body.length === 0 && request.takesEmptyBody !== true) return 'a signed request needs a body';
    const brought = signatures(received);
    if (brought.length === 0) return 'the signature is missing';
    const at = timestamp?.(received);
    if (timestamp !== undefined && at === undefined) return 'the time of the signature is missing';
    const parts = request.signed?.(received, at ?? '') ?? [received.body];
    const isKnown = brought.some((text) => {
      const bytes = decodedSignature(text.trim(), encoding);
      return bytes !== undefined && isRight(parts, bytes);
    });
    if (!isKnown) return 'the signature is not that of the request';
    return at === undefined ? undefined : tooOld(at, unit, maxAgeS, nowMs);
  };
}

function tooOld(text: string, unit: 's' | 'ms' | 'iso', maxAgeS: number, nowMs: number): string | undefined {
  const atMs =
    unit === 'iso'
      ? Date.parse(text)
      : /^\d{1,15}$/.test(text)
        ? Number(text) * (unit === 's' ? 1000 : 1)
        : Number.NaN;
  if (Number.isNaN(atMs)) return 'the time of the signature cannot be read';
  if (atMs > nowMs + FUTURE_MS) return 'the signature is from the future';
  return nowMs - atMs > maxAgeS * 1000 ? 'the signature is too old' : undefined;
}

function decodedSignature(text: string, encoding: 'hex' | 'base64'): Buffer | undefined {
  const isWhole = encoding === 'hex' ? /^(?:[0-9a-f]{2})+$/i.test(text) : /^[A-Za-z0-9+/]+={0,2}$/.test(text);
  return isWhole ? Buffer.from(text, encoding) : undefined;
}

export function readPublicKey(text: string): KeyObject {
  try {
    const key = text.includes('-----BEGIN')
      ? createPublicKey(text)
      : createPublicKey({
          key: Buffer.from(text.replaceAll(/\s/g, ''), 'base64'),
          format: 'der',
          type: 'spki',
        });
    if (key.asymmetricKeyType !== 'ec') throw new TypeError(`it is a key of ${key.asymmetricKeyType}`);
    return key;
  } catch (cause) {
    throw errors.CDK_WEBHOOK_INVALID({
      message: `The public key of the signatures cannot be read: ${cause instanceof Error ? cause.message : ''}`,
      cause,
    });
  }
}

/** Also of texts of different length, in a time that does not tell how far they are alike. */
export function sameText(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

function sameBytes(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

/** A header that holds nothing but a secret: `X-Token: …`. */
export function headerSecret(header: string, secret: Secret): Verification {
  const name = header.toLowerCase();
  const check: Verification = ({ headers }) =>
    sameText(headers[name] ?? '', secret.reveal()) ? undefined : `the header ${header} is not right`;
  return Object.assign(check, { hides: [name] });
}

export function basicPassword(user: string, password: Secret): Verification {
  return ({ headers }) => {
    const own = `Basic ${Buffer.from(`${user}:${password.reveal()}`).toString('base64')}`;
    return sameText(headers['authorization'] ?? '', own) ? undefined : 'user and password are not right';
  };
}
