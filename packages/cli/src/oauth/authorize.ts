// The authorization code flow (RFC 6749 §4.1, with PKCE of RFC 7636) as the templates of a connector describe it.

import { createHash, randomBytes } from 'node:crypto';
import type { OAuth2 } from '@weir/protocol';
import { getProperty, isJsonObject, type JsonObject, type JsonValue, parseJson } from '@weir/schema/json';
import { authorizationUrl, mappedAnswer, tokenRequest, type TokenRequest } from '@weir/schema/oauth2';
import { errors } from '../errors.ts';
import { RedirectServer } from './redirect-server.ts';

export interface AuthorizeOptions {
  readonly oauth2: OAuth2;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The endpoint configuration, as far as it is known. */
  readonly config: JsonObject;
  readonly port: number;
  /** Called when the browser can be sent to the provider. */
  readonly onUrl: (url: string) => void;
  readonly signal: AbortSignal;
}

const EXCHANGE_TIMEOUT_MS = 30_000;

/** What belongs into `credentials`. Errors: OAUTH_PORT_TAKEN, OAUTH_DENIED, OAUTH_EXCHANGE_REFUSED. */
export async function authorize(options: AuthorizeOptions): Promise<JsonObject> {
  const { oauth2, clientId, clientSecret, config, port, onUrl, signal } = options;
  const [state, verifier] = [randomText(), randomText()];
  using redirect = await RedirectServer.listen(port, state);
  const values = { client_id: clientId, redirect_uri: redirect.uri, config };
  onUrl(
    authorizationUrl(
      oauth2,
      {
        ...values,
        state,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      },
      Date.now(),
    ),
  );
  const code = await redirect.code(signal);
  const secrets = { client_secret: clientSecret, code, code_verifier: verifier };
  const request = tokenRequest(oauth2, { ...values, ...secrets }, Date.now());
  const answer = await exchanged(request, redirect.uri, signal);
  const mapped = mappedAnswer(oauth2.accessTokenResponseMap, answer, Date.now());
  const missing = Object.keys(oauth2.accessTokenResponseMap).filter((name) => !(name in mapped));
  if (missing.length > 0) {
    throw errors.OAUTH_EXCHANGE_REFUSED({
      message: `The answer of the provider lacks what ${missing.join(', ')} is made of.`,
      fix: 'Look at the scopes of the application: a refresh token may have to be asked for.',
    });
  }
  return { client_id: clientId, client_secret: clientSecret, ...mapped };
}

function randomText(): string {
  return randomBytes(32).toString('base64url');
}

async function exchanged(
  request: TokenRequest,
  redirectUri: string,
  signal: AbortSignal,
): Promise<JsonObject> {
  const { method, url, headers, body } = request;
  const { origin } = new URL(url);
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, {
      method,
      headers,
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(EXCHANGE_TIMEOUT_MS)]),
      ...(method === 'GET' ? {} : { body }),
    });
    [status, text] = [response.status, await response.text()];
  } catch (cause) {
    signal.throwIfAborted();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw errors.OAUTH_EXCHANGE_REFUSED({ message: `${origin} cannot be asked: ${reason}.`, cause });
  }
  const answer = jsonOf(text);
  if (status >= 200 && status < 300 && isJsonObject(answer)) return answer;
  // Only what the standard has for people: the rest may hold tokens.
  const said = ['error', 'error_description'].map(
    (name) => isJsonObject(answer) && getProperty(answer, name),
  );
  const explained = said.filter((part) => typeof part === 'string').join(': ');
  throw errors.OAUTH_EXCHANGE_REFUSED({
    message: `${origin} answered the code with ${status}${explained === '' ? '' : ` (${explained})`}; the redirect URI was ${redirectUri}.`,
  });
}

function jsonOf(text: string): JsonValue | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
