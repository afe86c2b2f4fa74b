// Credentials that are fetched: a token with an end. It is used for three quarters of its life, and fetched by one task
// at a time: providers revoke one of two tokens that are asked for at once.

import { getProperty, isJsonObject, type JsonValue } from '@weir/schema/json';
import { secret, text } from '@weir/schema';
import { errors } from '../errors.ts';
import type { Credentials, Secrets } from '../http/credentials.ts';
import type { AnswerRule, ApiRequest } from '../http/request.ts';
import { type AuthContext, type AuthKind, type CredentialValues, revealed } from './auth-kind.ts';
import { basicHeader } from './fixed.ts';

export interface Token {
  readonly value: string;
  /** undefined: the API does not say how long it lives. */
  readonly livesMs: number | undefined;
}

const USED_FOR = 0.75;

export class TokenCredentials implements Credentials {
  readonly #context: AuthContext;
  readonly #fetch: (signal: AbortSignal) => Promise<Token>;
  readonly #secrets: (token: string) => Secrets;
  #token: { readonly secrets: Secrets; readonly untilMs: number } | undefined;
  #fetching: Promise<void> | undefined;

  constructor(
    context: AuthContext,
    fetch: (signal: AbortSignal) => Promise<Token>,
    secrets: (token: string) => Secrets = bearerSecrets,
  ) {
    this.#context = context;
    this.#fetch = fetch;
    this.#secrets = secrets;
  }

  async current(signal: AbortSignal): Promise<Secrets> {
    const { clock } = this.#context;
    while (this.#token === undefined || this.#token.untilMs <= clock.now()) await this.#renew(signal);
    return this.#token.secrets;
  }

  async refresh(refused: Secrets, signal: AbortSignal): Promise<boolean> {
    // Requests that were under way together are refused together; the first of them gets the new token.
    if (this.#token?.secrets === refused) await this.#renew(signal);
    return true;
  }

  #renew(signal: AbortSignal): Promise<void> {
    this.#fetching ??= this.#replace(signal).finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #replace(signal: AbortSignal): Promise<void> {
    const askedMs = this.#context.clock.now();
    const { value, livesMs = Infinity } = await this.#fetch(signal);
    this.#token = { secrets: this.#secrets(value), untilMs: askedMs + livesMs * USED_FOR };
  }
}

export function bearerSecrets(token: string): Secrets {
  return { headers: { authorization: `Bearer ${token}` }, query: {} };
}

/** The token in the answer of an OAuth2 token endpoint. */
export function oauthToken(answer: JsonValue): Token {
  const value = isJsonObject(answer) ? getProperty(answer, 'access_token') : undefined;
  const seconds = isJsonObject(answer) ? Number(getProperty(answer, 'expires_in') ?? Number.NaN) : Number.NaN;
  if (typeof value !== 'string' || value === '') {
    throw errors.CDK_HTTP_UNAUTHORIZED({ message: 'The answer of the token endpoint has no access_token.' });
  }
  return { value, livesMs: Number.isNaN(seconds) ? undefined : seconds * 1000 };
}

export interface TokenEndpoint {
  readonly title?: string;
  readonly tokenUrl: string;
  readonly scope?: string;
  /** Where id and secret of the client go. */
  readonly sendsClient?: 'basic' | 'form';
  /** More parameters of the form. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** How a token is sent; as a bearer's. */
  readonly sends?: (token: string) => Secrets;
}

export const clientFields = {
  client_id: secret({
    title: 'Client Id',
    description: 'The id of the client that may read the data.',
    order: 1,
  }),
  client_secret: secret({ title: 'Client Secret', description: 'The secret of the client.', order: 2 }),
};

/** OAuth2 for machines: id and secret of a client. */
export function clientCredentials(endpoint: TokenEndpoint): AuthKind {
  return {
    title: endpoint.title ?? 'Client Credentials',
    fields: clientFields,
    credentials: (values, context) =>
      grantCredentials(endpoint, values, context, { grant_type: 'client_credentials' }),
  };
}

/** OAuth2 with a refresh token that stays valid, as the user interface has fetched it. */
export function refreshToken(endpoint: TokenEndpoint): AuthKind {
  return {
    title: endpoint.title ?? 'OAuth Credentials',
    fields: {
      ...clientFields,
      refresh_token: secret({
        title: 'Refresh Token',
        description: 'The token that fetches others.',
        order: 3,
      }),
    },
    credentials: (values, context) =>
      grantCredentials(endpoint, values, context, {
        grant_type: 'refresh_token',
        refresh_token: revealed(values, 'refresh_token'),
      }),
  };
}

/** OAuth2 with the password of a user. */
export function passwordGrant(endpoint: TokenEndpoint): AuthKind {
  return {
    title: endpoint.title ?? 'Username & Password',
    fields: {
      ...clientFields,
      username: text({ title: 'Username', description: 'The user to sign in as.', order: 3 }),
      password: secret({ title: 'Password', description: 'The password of the user.', order: 4 }),
    },
    credentials: (values, context) =>
      grantCredentials(endpoint, values, context, {
        grant_type: 'password',
        username: revealed(values, 'username'),
        password: revealed(values, 'password'),
      }),
  };
}

/** Its successor, where the provider gives one. */
export function refreshTokenOf(answer: JsonValue): string | undefined {
  const value = isJsonObject(answer) ? getProperty(answer, 'refresh_token') : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function grantCredentials(
  endpoint: TokenEndpoint,
  values: CredentialValues,
  context: AuthContext,
  grant: Readonly<Record<string, string>>,
): Credentials {
  const request = tokenRequest(endpoint, values, grant);
  const fetch = async (signal: AbortSignal): Promise<Token> => oauthToken(await context.ask(request, signal));
  return new TokenCredentials(context, fetch, endpoint.sends);
}

/** A provider that does not take a grant says so by one of these (RFC 6749 §5.2); another attempt would not help. */
const refusals = [
  {
    status: [400, 401, 403],
    text: /invalid_grant|invalid_client|unauthorized_client|invalid_request/,
    means: 'unauthorized',
  },
] as const satisfies readonly AnswerRule[];

/** The request for a token, by any grant. */
export function tokenRequest(
  { tokenUrl, scope, sendsClient = 'form', parameters }: TokenEndpoint,
  values: CredentialValues,
  grant: Readonly<Record<string, string>>,
): ApiRequest {
  const [id, clientSecret] = [revealed(values, 'client_id'), revealed(values, 'client_secret')];
  const isBasic = sendsClient === 'basic';
  return {
    method: 'POST',
    url: tokenUrl,
    isSafe: true,
    isAnonymous: true,
    answers: refusals,
    headers: isBasic ? { authorization: basicHeader(id, clientSecret) } : {},
    body: {
      form: {
        ...grant,
        ...(scope === undefined ? {} : { scope }),
        ...parameters,
        ...(isBasic ? {} : { client_id: id, client_secret: clientSecret }),
      },
    },
  };
}

export interface SessionLoginOptions {
  readonly title: string;
  readonly fields: AuthKind['fields'];
  readonly login: (value: (name: string) => string) => ApiRequest;
  readonly token: (answer: JsonValue) => Token;
  /** How a token is sent; as a bearer's. */
  readonly sends?: (token: string) => Secrets;
}

/** Any other exchange of configured values for a token. */
export function sessionLogin({ title, fields, login, token, sends }: SessionLoginOptions): AuthKind {
  return {
    title,
    fields,
    credentials: (values, context) => {
      const request = { isAnonymous: true, isSafe: true, ...login((name) => revealed(values, name)) };
      const fetch = async (signal: AbortSignal): Promise<Token> => token(await context.ask(request, signal));
      return new TokenCredentials(context, fetch, sends);
    },
  };
}
