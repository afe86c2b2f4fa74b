// What vendors ask before they send anything: that whoever listens is the one who set the webhook up. Some ask with a signed
// request and some with a bare one; what is sent back is theirs.

import { createHmac } from 'node:crypto';
import type { Secret } from '@weir/schema';
import { getProperty, isJsonObject, parseJson, type JsonValue } from '@weir/schema/json';
import { sameText } from './verification.ts';
import { jsonAnswer, textAnswer, type WebhookAnswer, type WebhookRequest } from './webhook-request.ts';

export interface Challenge {
  /** Signed as what follows is, so that the signature is checked before; otherwise it is answered before. */
  readonly isSigned: boolean;
  /** undefined: it is no challenge. */
  answer(request: WebhookRequest): WebhookAnswer | undefined;
}

/** Okta: GET with a header, whose value is given back. */
export const okta: Challenge = bare(({ method, headers }) => {
  const value = headers['x-okta-verification-challenge'];
  if (method !== 'GET' || value === undefined) return undefined;
  // A header's bytes arrive as Latin-1.
  const text = Buffer.from(value, 'latin1').toString('utf8');
  if (text.includes('\ufffd')) return jsonAnswer(400, { error: 'the challenge is not UTF-8' });
  return jsonAnswer(200, { verification: text });
});

/** Slack: an event `url_verification`. */
export const slackVerification: Challenge = {
  isSigned: true,
  answer: (request) => {
    const body = jsonBody(request);
    if (member(body, 'type') !== 'url_verification') return undefined;
    const challenge = member(body, 'challenge');
    return typeof challenge === 'string' ? textAnswer(200, challenge) : undefined;
  },
};

/** Meta: GET with `hub.challenge`, and the token that was given when the webhook was set up. */
export function metaSubscription(token: Secret): Challenge {
  return bare(({ method, query }) => {
    const challenge = query.get('hub.challenge');
    if (method !== 'GET' || challenge === null || query.get('hub.mode') !== 'subscribe') return undefined;
    const isRight = sameText(query.get('hub.verify_token') ?? '', token.reveal());
    return isRight ? textAnswer(200, challenge) : jsonAnswer(403, { error: 'hub.verify_token is not right' });
  });
}

/** Microsoft Graph: POST with `validationToken`. */
export const graphValidation: Challenge = bare(({ method, query }) => {
  const token = query.get('validationToken');
  return method === 'POST' && token !== null ? textAnswer(200, token) : undefined;
});

/** Asana: POST with `X-Hook-Secret`, which is given back. It is also the key of later signatures, and is not kept. */
export const asanaHandshake: Challenge = bare(({ method, headers }) => {
  const secret = headers['x-hook-secret'];
  return method === 'POST' && secret !== undefined
    ? { status: 200, headers: { 'x-hook-secret': secret } }
    : undefined;
});

/** Zoom: an event `endpoint.url_validation`, whose token is given back with its HMAC. */
export function zoomValidation(secret: Secret): Challenge {
  return {
    isSigned: true,
    answer: (request) => {
      const body = jsonBody(request);
      if (member(body, 'event') !== 'endpoint.url_validation') return undefined;
      const plainToken = member(member(body, 'payload'), 'plainToken');
      if (typeof plainToken !== 'string') return undefined;
      const encryptedToken = createHmac('sha256', secret.reveal()).update(plainToken).digest('hex');
      return jsonAnswer(200, { plainToken, encryptedToken });
    },
  };
}

function bare(answer: Challenge['answer']): Challenge {
  return { isSigned: false, answer };
}

function jsonBody({ body }: WebhookRequest): JsonValue | undefined {
  // Challenges are small; a body that is not is none.
  if (body.length === 0 || body.length > 1 << 16) return undefined;
  try {
    return parseJson(body);
  } catch {
    return undefined;
  }
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) ? getProperty(value, name) : undefined;
}
