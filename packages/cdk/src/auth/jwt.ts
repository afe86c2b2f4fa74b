// Assertions that the connector signs with a key of the configuration (RFC 7519), sent themselves or exchanged for a token
// (RFC 7523).

import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { secret } from '@weir/schema';
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from '@weir/schema/json';
import { renderTemplate } from '@weir/schema/oauth2';
import { errors } from '../errors.ts';
import type { Secrets } from '../http/credentials.ts';
import { type AuthContext, type AuthKind, type CredentialValues, revealed } from './auth-kind.ts';
import { oauthToken, TokenCredentials } from './token.ts';

export type JwtAlgorithm = 'RS256' | 'ES256';

export interface JwtClaims {
  readonly header?: JsonObject;
  /** Beside `iat` and `exp`. */
  readonly claims: JsonObject;
}

/** `expiresMs`: how long the assertion is good for; providers refuse those that are good for longer than they allow. */
export interface JwtOptions {
  readonly title: string;
  readonly fields: AuthKind['fields'];
  readonly algorithm: JwtAlgorithm;
  readonly expiresMs: number;
  /** The key as PEM. */
  readonly privateKey: (value: (name: string) => string) => string;
  readonly claims: (value: (name: string) => string) => JwtClaims;
}

/** A signed assertion that is the token itself, renewed in time. */
export function signedJwt(options: JwtOptions & { readonly sends?: (token: string) => Secrets }): AuthKind {
  return {
    title: options.title,
    fields: options.fields,
    credentials: (values, context) => {
      const assert = signer(options, values, context);
      const fetch = async () => ({ value: assert(), livesMs: options.expiresMs });
      return new TokenCredentials(context, fetch, options.sends);
    },
  };
}

/** A signed assertion that is exchanged for a token. `tokenUrl` is a template, as of `authorizationCode`. */
export function jwtBearer(options: JwtOptions & { readonly tokenUrl: string }): AuthKind {
  return {
    title: options.title,
    fields: options.fields,
    credentials: (values, context) => {
      const assert = signer(options, values, context);
      const url = renderTemplate(options.tokenUrl, { config: context.config }, context.clock.now());
      return new TokenCredentials(context, async (signal) => {
        const form = { grant_type: JWT_BEARER, assertion: assert() };
        const request = { method: 'POST', url, body: { form }, isSafe: true, isAnonymous: true } as const;
        return oauthToken(await context.ask(request, signal));
      });
    },
  };
}

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const GOOGLE_TOKEN_URL = 'https://oauth2.googleapis.com/token';
const HOUR_MS = 3_600_000;

/** A service account of Google, by the JSON file of its key. */
export function googleServiceAccount({ scopes }: { readonly scopes: readonly string[] }): AuthKind {
  return jwtBearer({
    title: 'Google Service Account',
    fields: {
      service_account: secret({
        title: 'Google Service Account',
        description: 'The key of the service account: the whole JSON file.',
        multiline: true,
        order: 1,
      }),
    },
    algorithm: 'RS256',
    expiresMs: HOUR_MS,
    tokenUrl: GOOGLE_TOKEN_URL,
    privateKey: (value) => keyFile(value('service_account'), 'private_key'),
    claims: (value) => ({
      header: { kid: keyFile(value('service_account'), 'private_key_id') },
      claims: {
        iss: keyFile(value('service_account'), 'client_email'),
        scope: scopes.join(' '),
        aud: GOOGLE_TOKEN_URL,
      },
    }),
  });
}

function signer(
  { algorithm, expiresMs, privateKey, claims }: JwtOptions,
  values: CredentialValues,
  { clock }: AuthContext,
): () => string {
  const value = (name: string): string => revealed(values, name);
  const key = keyOf(privateKey(value), algorithm);
  const { header = {}, claims: own } = claims(value);
  return () => {
    const issued = Math.floor(clock.now() / 1000);
    const expires = issued + Math.floor(expiresMs / 1000);
    return signJwt(key, algorithm, header, { ...own, iat: issued, exp: expires });
  };
}

export function signJwt(
  key: KeyObject,
  algorithm: JwtAlgorithm,
  header: JsonObject,
  claims: JsonObject,
): string {
  const unsigned = [{ alg: algorithm, typ: 'JWT', ...header }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  // A JWT holds the two numbers of an ECDSA signature one behind the other (RFC 7518 §3.4).
  const signature = sign('sha256', Buffer.from(unsigned), { key, dsaEncoding: 'ieee-p1363' });
  return `${unsigned}.${signature.toString('base64url')}`;
}

const keyTypes = { RS256: 'rsa', ES256: 'ec' } as const;

/** A key that went through a form may have lost its line breaks to `\n`. */
function keyOf(pem: string, algorithm: JwtAlgorithm): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(pem.replaceAll('\\n', '\n'));
  } catch {
    // Said below, without what was parsed.
  }
  if (key?.asymmetricKeyType === keyTypes[algorithm]) return key;
  throw errors.CDK_CREDENTIALS_INVALID({
    message: `The private key of the configuration is not one for ${algorithm}.`,
  });
}

function keyFile(text: string, member: string): string {
  let file: JsonValue | undefined;
  try {
    file = parseJson(text);
  } catch {
    // Said below, without the text.
  }
  const value = isJsonObject(file) ? file[member] : undefined;
  if (typeof value === 'string' && value !== '') return value;
  throw errors.CDK_CREDENTIALS_INVALID({
    message: `The key of the service account is no JSON with a ${member}.`,
  });
}
