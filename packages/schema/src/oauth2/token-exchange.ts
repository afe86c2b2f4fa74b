// The authorization code flow as a connector's `oauth2` describes it: where the user is sent, how the code is exchanged,
// and what of the answer goes into the configuration.

import type { OAuth2 } from '@weir/protocol';
import { type JsonObject, parseJson, parsePointer, resolvePointer, stringifyJson } from '../json/index.ts';
import { renderTemplate, type TemplateValues } from './template.ts';

export interface TokenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function authorizationUrl(oauth2: OAuth2, values: TemplateValues, nowMs: number): string {
  return renderTemplate(oauth2.authUrlTemplate, values, nowMs);
}

/** The request that exchanges the code. Its body is JSON unless a header says otherwise. */
export function tokenRequest(oauth2: OAuth2, values: TemplateValues, nowMs: number): TokenRequest {
  const { accessTokenUrlTemplate, accessTokenMethod, accessTokenBody, accessTokenHeaders } = oauth2;
  const headers = Object.entries(accessTokenHeaders).map(([name, value]): [string, string] => [
    name.toLowerCase(),
    renderTemplate(textOf(value), values, nowMs),
  ]);
  return {
    method: accessTokenMethod === '' ? 'POST' : accessTokenMethod,
    url: renderTemplate(accessTokenUrlTemplate, values, nowMs),
    headers: {
      accept: 'application/json',
      'content-type': 'application/json',
      ...Object.fromEntries(headers),
    },
    body: renderTemplate(accessTokenBody, values, nowMs),
  };
}

/**
 * What of an answer becomes part of the credentials: members by pointer (`/refresh_token`) or by template; all of it when
 * there is no map. A member that the answer lacks is left out.
 */
export function mappedAnswer(
  map: OAuth2['accessTokenResponseMap'],
  answer: JsonObject,
  nowMs: number,
): JsonObject {
  const entries = Object.entries(map);
  if (entries.length === 0) return answer;
  const mapped: JsonObject = {};
  for (const [name, raw] of entries) {
    const from = textOf(raw);
    const value = from.startsWith('/')
      ? resolvePointer(answer, parsePointer(from))
      : renderTemplate(from, { ...answer }, nowMs);
    if (value !== undefined && value !== '') mapped[name] = value;
  }
  return mapped;
}

/** The values of the protocol's maps are JSON: texts in quotes. */
function textOf(json: string): string {
  const value = parseJson(json);
  return typeof value === 'string' ? value : stringifyJson(value);
}
