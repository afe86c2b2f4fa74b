// OAuth2 by the consent of a user (RFC 6749 §4.1): the user interface, or `weir oauth`, sends the user to the provider and
// puts what it gets for the code into the configuration. What that is depends on the provider's tokens.

import { secret, text } from '@weir/schema';
import type { Fields } from '@weir/schema/config';
import type { OAuth2 } from '@weir/protocol';
import { renderTemplate } from '@weir/schema/oauth2';
import type { Credentials } from '../http/credentials.ts';
import { fixedCredentials } from '../http/credentials.ts';
import { type AuthContext, type AuthKind, type CredentialValues, revealed } from './auth-kind.ts';
import { RotatingCredentials } from './rotating.ts';
import { clientFields, grantCredentials } from './token.ts';

/**
 * refresh: a refresh token that stays valid fetches access tokens. rotating: a refresh token may be used once, and comes
 * with its successor. long-lived: an access token that does not expire.
 */
export type ProviderTokens = 'refresh' | 'rotating' | 'long-lived';

export interface AuthorizationCodeOptions {
  /** Flow's name of the provider: `zendesk`. */
  readonly provider: string;
  /** `OAuth Credentials` */
  readonly title?: string;
  /** Where the user consents. This and `tokenUrl` are templates: `https://{{{config.subdomain}}}.example.com/oauth`. */
  readonly authUrl: string;
  readonly tokenUrl: string;
  readonly scope?: string;
  /** More parameters of the URL where the user consents. */
  readonly authParameters?: Readonly<Record<string, string>>;
  /** More parameters of every request for a token. A number stays one in JSON. */
  readonly tokenParameters?: Readonly<Record<string, string | number>>;
  /** More parameters of the request that sends the code. */
  readonly codeParameters?: Readonly<Record<string, string>>;
  readonly tokens: ProviderTokens;
  /** RFC 7636, with S256. */
  readonly pkce?: boolean;
  /** Where id and secret of the client go; `form`. */
  readonly sendsClient?: 'basic' | 'form';
  /** How the code is sent; `form`. */
  readonly sendsCodeAs?: 'form' | 'json';
}

export function authorizationCode(options: AuthorizationCodeOptions): AuthKind {
  return {
    title: options.title ?? 'OAuth Credentials',
    fields: { ...clientFields, ...tokenFields(options.tokens) },
    oauth2: oauth2Templates(options),
    credentials: (values, context) => credentialsOf(options, values, context),
  };
}

function tokenFields(tokens: ProviderTokens): Fields {
  const refresh = secret({
    title: 'Refresh Token',
    description: 'The token that fetches others.',
    order: 3,
  });
  const access = secret({
    title: 'Access Token',
    description: 'The token that is sent with requests.',
    order: 4,
  });
  switch (tokens) {
    case 'refresh':
      return { refresh_token: refresh };
    case 'long-lived':
      return { access_token: access };
    case 'rotating':
      return {
        refresh_token: refresh,
        access_token: access,
        access_token_expires_at: text({
          title: 'Access Token Expiration Time',
          description: 'When the access token expires.',
          nonsensitive: true,
          format: 'date-time',
          order: 5,
        }),
      };
  }
}

function credentialsOf(
  options: AuthorizationCodeOptions,
  values: CredentialValues,
  context: AuthContext,
): Credentials {
  if (options.tokens === 'long-lived') {
    return fixedCredentials({ authorization: `Bearer ${revealed(values, 'access_token')}` });
  }
  const { tokenParameters: parameters, sendsClient } = options;
  const endpoint = {
    tokenUrl: renderTemplate(options.tokenUrl, { config: context.config }, context.clock.now()),
    ...(parameters === undefined ? {} : { parameters: asTexts(parameters) }),
    ...(sendsClient === undefined ? {} : { sendsClient }),
  };
  if (options.tokens === 'rotating') return new RotatingCredentials(endpoint, values, context);
  return grantCredentials(endpoint, values, context, {
    grant_type: 'refresh_token',
    refresh_token: revealed(values, 'refresh_token'),
  });
}

function asTexts(parameters: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
}

/** Braces of the templates stay; everything else is encoded. */
const encoded = (name: string): string => `{{#urlencode}}{{{${name}}}}{{/urlencode}}`;

function oauth2Templates(options: AuthorizationCodeOptions): OAuth2 {
  const { provider, authUrl, tokenUrl, scope, authParameters = {}, pkce = false, tokens } = options;
  const query = [
    `client_id=${encoded('client_id')}`,
    `redirect_uri=${encoded('redirect_uri')}`,
    'response_type=code',
    `state=${encoded('state')}`,
    ...(scope === undefined ? [] : [`scope=${encodeURIComponent(scope)}`]),
    ...Object.entries(authParameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`),
    ...(pkce
      ? [
          `code_challenge=${encoded('code_challenge')}`,
          `code_challenge_method=${encoded('code_challenge_method')}`,
        ]
      : []),
  ].join('&');
  const isJson = options.sendsCodeAs === 'json';
  const contentType = isJson ? 'application/json' : 'application/x-www-form-urlencoded';
  const isBasic = options.sendsClient === 'basic';
  return {
    provider,
    authUrlTemplate: `${authUrl}${authUrl.includes('?') ? '&' : '?'}${query}`,
    accessTokenUrlTemplate: tokenUrl,
    accessTokenMethod: '',
    accessTokenBody: isJson ? jsonBody(options) : formBody(options),
    accessTokenHeaders: {
      'content-type': JSON.stringify(contentType),
      ...(isBasic
        ? { authorization: '"{{#basicauth}}{{{client_id}}}:{{{client_secret}}}{{/basicauth}}"' }
        : {}),
    },
    accessTokenResponseMap: responseMap(tokens),
    refreshTokenUrlTemplate: '',
    refreshTokenMethod: '',
    refreshTokenBody: '',
    refreshTokenHeaders: {},
    refreshTokenResponseMap: {},
  };
}

/** Names that the templates have values for. */
function codeVariables({ pkce = false, sendsClient = 'form' }: AuthorizationCodeOptions): string[] {
  return [
    'redirect_uri',
    'code',
    ...(sendsClient === 'form' ? ['client_id', 'client_secret'] : []),
    ...(pkce ? ['code_verifier'] : []),
  ];
}

function formBody(options: AuthorizationCodeOptions): string {
  const { tokenParameters, codeParameters } = options;
  const constants: Readonly<Record<string, string | number>> = {
    grant_type: 'authorization_code',
    ...tokenParameters,
    ...codeParameters,
  };
  return [
    ...Object.entries(constants).map(([name, value]) => `${name}=${encodeURIComponent(value)}`),
    ...codeVariables(options).map((name) => `${name}=${encoded(name)}`),
  ].join('&');
}

function jsonBody(options: AuthorizationCodeOptions): string {
  const variables = codeVariables(options).map((name) => [name, `{{{${name}}}}`]);
  return JSON.stringify({
    grant_type: 'authorization_code',
    ...options.tokenParameters,
    ...options.codeParameters,
    ...Object.fromEntries(variables),
  });
}

function responseMap(tokens: ProviderTokens): OAuth2['accessTokenResponseMap'] {
  switch (tokens) {
    case 'refresh':
      return { refresh_token: '"/refresh_token"' };
    case 'long-lived':
      return { access_token: '"/access_token"' };
    case 'rotating':
      return {
        refresh_token: '"/refresh_token"',
        access_token: '"/access_token"',
        access_token_expires_at: '"{{#now_plus}}{{ expires_in }}{{/now_plus}}"',
      };
  }
}
