// The identity of this process at Google, looked for where Google's own libraries look (Google Cloud documentation:
// "How Application Default Credentials works"): a file with credentials, or the metadata service.

import { createSign } from 'node:crypto';
import { join } from 'node:path';
import { type CloudContext, readCredentialFile, readFileIfPresent } from '../cloud-context.ts';
import { errors } from '../errors.ts';
import type { Expiring } from '../expiring.ts';
import { requestJson, requestText, unexpectedAnswer } from '../token-request.ts';

export interface GoogleScope {
  /** OAuth scopes of the token. */
  readonly scopes: readonly string[];
  /** Of the workload identity pool, where the file of credentials names none. */
  readonly audience: string;
}

type CredentialFile = Readonly<Record<string, unknown>>;

const SERVICE = "Google's token service";
const TOKEN_URL = 'https://oauth2.googleapis.com/token';
const ASSERTION_SECONDS = 3600;

/** An access token of the identity itself. */
export async function googleAccessToken(
  scope: GoogleScope,
  context: CloudContext,
): Promise<Expiring<string>> {
  const file = await credentialFile(context);
  if (file === undefined) return metadataToken(scope, context);
  switch (file['type']) {
    case 'service_account':
      return serviceAccountToken(file, scope, context);
    case 'authorized_user':
      return refreshedToken(file, context);
    case 'external_account':
      return exchangedToken(file, scope, context);
    default:
      throw errors.AUTH_FILE_INVALID({
        message: `credentials of the type ${JSON.stringify(file['type'])} are not known here`,
      });
  }
}

/** The account that the file of credentials is a key of; undefined for other kinds of identity. */
export async function ownServiceAccount(context: CloudContext): Promise<string | undefined> {
  const file = await credentialFile(context);
  return file?.['type'] === 'service_account' ? textOf(file, 'client_email') : undefined;
}

async function credentialFile({ env, homeDirectory }: CloudContext): Promise<CredentialFile | undefined> {
  const named = env['GOOGLE_APPLICATION_CREDENTIALS'];
  const text =
    named === undefined || named === ''
      ? await readFileIfPresent(join(homeDirectory, '.config/gcloud/application_default_credentials.json'))
      : await readCredentialFile(named, 'GOOGLE_APPLICATION_CREDENTIALS');
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'type' in value) return { ...value };
  } catch {
    // Said below, without the text: it holds a key.
  }
  throw errors.AUTH_FILE_INVALID({ message: 'the file of Google credentials is no JSON with a type' });
}

function textOf(file: CredentialFile, name: string): string {
  const value = file[name];
  if (typeof value === 'string' && value !== '') return value;
  throw errors.AUTH_FILE_INVALID({ message: `the file of Google credentials has no ${name}` });
}

function optionalTextOf(file: CredentialFile, name: string): string | undefined {
  return file[name] === undefined ? undefined : textOf(file, name);
}

/** A signed assertion for a token (RFC 7523). */
async function serviceAccountToken(
  file: CredentialFile,
  { scopes }: GoogleScope,
  context: CloudContext,
): Promise<Expiring<string>> {
  const url = optionalTextOf(file, 'token_uri') ?? TOKEN_URL;
  const issuedAt = Math.floor(context.now() / 1000);
  const claims = {
    iss: textOf(file, 'client_email'),
    scope: scopes.join(' '),
    aud: url,
    iat: issuedAt,
    exp: issuedAt + ASSERTION_SECONDS,
  };
  const keyId = optionalTextOf(file, 'private_key_id');
  const header = { alg: 'RS256', typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) };
  const unsigned = `${base64Json(header)}.${base64Json(claims)}`;
  let signature: string;
  try {
    signature = createSign('RSA-SHA256').update(unsigned).sign(textOf(file, 'private_key'), 'base64url');
  } catch {
    throw errors.AUTH_FILE_INVALID({
      message: 'the private_key in the file of Google credentials is no RSA key',
    });
  }
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: `${unsigned}.${signature}`,
  });
  return tokenOf(await requestJson({ service: SERVICE, url, body }), context);
}

function base64Json(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Of a person who ran `gcloud auth application-default login`. */
async function refreshedToken(file: CredentialFile, context: CloudContext): Promise<Expiring<string>> {
  const url = optionalTextOf(file, 'token_uri') ?? TOKEN_URL;
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: textOf(file, 'client_id'),
    client_secret: textOf(file, 'client_secret'),
    refresh_token: textOf(file, 'refresh_token'),
  });
  return tokenOf(await requestJson({ service: SERVICE, url, body }), context);
}

/** Workload identity federation: a token of somebody else, in a file or at a URL, for one of Google's (RFC 8693). */
async function exchangedToken(
  file: CredentialFile,
  { scopes, audience }: GoogleScope,
  context: CloudContext,
): Promise<Expiring<string>> {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    audience: optionalTextOf(file, 'audience') ?? audience,
    scope: scopes.join(' '),
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    subject_token: await subjectToken(file),
    subject_token_type: optionalTextOf(file, 'subject_token_type') ?? 'urn:ietf:params:oauth:token-type:jwt',
  });
  const url = optionalTextOf(file, 'token_url') ?? 'https://sts.googleapis.com/v1/token';
  return tokenOf(await requestJson({ service: SERVICE, url, body }), context);
}

async function subjectToken(file: CredentialFile): Promise<string> {
  const source = (file['credential_source'] ?? {}) as CredentialFile;
  const headers = (source['headers'] ?? {}) as Readonly<Record<string, string>>;
  let text: string;
  if (typeof source['file'] === 'string') {
    text = await readCredentialFile(source['file'], 'credential_source of the Google credentials');
  } else if (typeof source['url'] === 'string') {
    text = await requestText({ service: 'the source of the subject token', url: source['url'], headers });
  } else {
    throw errors.AUTH_FILE_INVALID({
      message: 'the credential_source of the Google credentials has neither a file nor a url',
    });
  }
  const format = (source['format'] ?? {}) as CredentialFile;
  if (format['type'] !== 'json') return text.trim();
  const field = String(format['subject_token_field_name']);
  try {
    const token = (JSON.parse(text) as CredentialFile)[field];
    if (typeof token === 'string') return token;
  } catch {
    // Said below, without the text: it holds a token.
  }
  throw errors.AUTH_FILE_INVALID({ message: `the subject token's file has no ${field}` });
}

/** Of the service account of the machine, container or function that this runs on. */
async function metadataToken({ scopes }: GoogleScope, context: CloudContext): Promise<Expiring<string>> {
  const host = context.env['GCE_METADATA_HOST'] ?? 'metadata.google.internal';
  const url = new URL(`http://${host}/computeMetadata/v1/instance/service-accounts/default/token`);
  url.searchParams.set('scopes', scopes.join(','));
  try {
    const answer = await requestJson({
      service: "Google's metadata service",
      url: url.href,
      headers: { 'metadata-flavor': 'Google' },
    });
    return tokenOf(answer, context);
  } catch (error) {
    throw errors.AUTH_NO_CREDENTIALS({
      message:
        'no identity at Google was found: not in the environment, not of gcloud, not of a machine of Google',
      fix: 'Set GOOGLE_APPLICATION_CREDENTIALS to the path of a file with credentials, or run `gcloud auth application-default login`.',
      cause: error,
    });
  }
}

function tokenOf(answer: Readonly<Record<string, unknown>>, context: CloudContext): Expiring<string> {
  const [token, seconds] = [answer['access_token'], Number(answer['expires_in'])];
  if (typeof token !== 'string' || token === '' || !(seconds > 0)) throw unexpectedAnswer(SERVICE);
  return { value: token, expiresAt: context.now() + seconds * 1000 };
}
