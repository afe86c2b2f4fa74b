// Who may send: a token that each request brings, and the origins of pages in browsers.

import { CrossOrigin, sameText, type WebhookHead, WebhookRefusal } from '@weir/cdk';
import { errors } from './errors.ts';
import type { IngestConfig } from './spec.ts';

export type Authorize = (head: WebhookHead) => WebhookRefusal | undefined;

/** undefined: nobody is asked for a token. */
export function authorizeBy({ requireAuthToken }: IngestConfig): Authorize | undefined {
  if (requireAuthToken === undefined || requireAuthToken.reveal() === '') return undefined;
  return ({ headers }) => {
    const given = headers['authorization'];
    if (given === undefined) return new WebhookRefusal(401, 'the header Authorization is missing');
    const isRight = sameText(given, `Bearer ${requireAuthToken.reveal()}`);
    return isRight ? undefined : new WebhookRefusal(403, 'the token is not right');
  };
}

/** Where nothing is said, any page may send; with a token, none may. */
export function crossOriginOf(config: IngestConfig): CrossOrigin {
  const hasToken = authorizeBy(config) !== undefined;
  const { allowedCorsOrigins: origins = hasToken ? [] : ['*'] } = config;
  if (origins.includes('*') && (origins.length > 1 || hasToken)) {
    throw invalid(hasToken ? '* cannot stand beside an auth token' : '* cannot stand beside other origins');
  }
  for (const origin of origins) {
    if (origin !== '*' && originOf(origin) !== origin)
      throw invalid(`${JSON.stringify(origin)} is no origin`);
  }
  return new CrossOrigin(origins);
}

function originOf(text: string): string | undefined {
  return URL.canParse(text) ? new URL(text).origin : undefined;
}

function invalid(why: string): Error {
  return errors.HTTP_INGEST_ORIGINS_INVALID({ message: `/allowedCorsOrigins cannot be used: ${why}.` });
}
