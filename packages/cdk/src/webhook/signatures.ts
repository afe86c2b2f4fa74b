// How vendors sign what they send, as each says in its own guide to webhooks. The limits of age are theirs.

import { createHash } from 'node:crypto';
import type { Secret } from '@weir/schema';
import { ecdsa, hmac, sameText, type Verification } from './verification.ts';
import type { WebhookRequest } from './webhook-request.ts';

/** `X-Hub-Signature-256: sha256=<hex>` over the body. Also Meta's. */
export function github(secret: Secret): Verification {
  return hmac({ secret, encoding: 'hex', signatures: prefixed('x-hub-signature-256', 'sha256=') });
}

/** `Stripe-Signature: t=<seconds>,v1=<hex>` over `<t>.<body>`; several `v1` while a secret is rolled. */
export function stripe(secret: Secret): Verification {
  const members = (request: WebhookRequest, name: string): string[] =>
    (request.headers['stripe-signature'] ?? '')
      .split(',')
      .map((part) => part.trim())
      .flatMap((part) => (part.startsWith(`${name}=`) ? [part.slice(name.length + 1)] : []));
  return hmac({
    secret,
    encoding: 'hex',
    signatures: (request) => members(request, 'v1'),
    timestamp: (request) => members(request, 't')[0],
    signed: ({ body }, timestamp) => [timestamp, '.', body],
  });
}

/** `X-Slack-Signature: v0=<hex>` over `v0:<seconds>:<body>`. */
export function slack(secret: Secret): Verification {
  return hmac({
    secret,
    encoding: 'hex',
    signatures: prefixed('x-slack-signature', 'v0='),
    timestamp: header('x-slack-request-timestamp'),
    signed: ({ body }, timestamp) => ['v0:', timestamp, ':', body],
  });
}

/** `X-Zm-Signature: v0=<hex>` over `v0:<seconds>:<body>`. */
export function zoom(secret: Secret, maxAgeS?: number): Verification {
  return hmac({
    secret,
    encoding: 'hex',
    signatures: prefixed('x-zm-signature', 'v0='),
    timestamp: header('x-zm-request-timestamp'),
    signed: ({ body }, timestamp) => ['v0:', timestamp, ':', body],
    ...(maxAgeS === undefined ? {} : { maxAgeS }),
  });
}

/** `X-Knock-Signature: t=<milliseconds>,s=<base64>` over `<t>.<body>`. */
export function knock(secret: Secret, maxAgeS?: number): Verification {
  const parts = ({ headers }: WebhookRequest): RegExpExecArray | null =>
    /^t=(\d+),s=(\S+)$/.exec(headers['x-knock-signature'] ?? '');
  return hmac({
    secret,
    encoding: 'base64',
    unit: 'ms',
    signatures: (request) => some(parts(request)?.[2]),
    timestamp: (request) => parts(request)?.[1],
    signed: ({ body }, timestamp) => [timestamp, '.', body],
    ...(maxAgeS === undefined ? {} : { maxAgeS }),
  });
}

/** `X-Shopify-Hmac-Sha256: <base64>` over the body. */
export function shopify(secret: Secret): Verification {
  return hmac({ secret, encoding: 'base64', signatures: prefixed('x-shopify-hmac-sha256', '') });
}

/** `X-Zendesk-Webhook-Signature: <base64>` over `<date and time><body>`. */
export function zendesk(secret: Secret): Verification {
  return hmac({
    secret,
    encoding: 'base64',
    unit: 'iso',
    signatures: prefixed('x-zendesk-webhook-signature', ''),
    timestamp: header('x-zendesk-webhook-signature-timestamp'),
    signed: ({ body }, timestamp) => [timestamp, body],
  });
}

/** `X-HubSpot-Signature-v3: <base64>` over method, URL, body and time. `origin`: how HubSpot addresses the connector. */
export function hubspot(secret: Secret, origin: string): Verification {
  return hmac({
    secret,
    encoding: 'base64',
    unit: 'ms',
    signatures: prefixed('x-hubspot-signature-v3', ''),
    timestamp: header('x-hubspot-request-timestamp'),
    signed: ({ method, target, body }, timestamp) => [method, `${origin}${target}`, body, timestamp],
  });
}

/**
 * `X-Twilio-Signature: <base64 of SHA-1>` over the URL and the fields of the form, sorted by name; of another body the URL has
 * the digest (`bodySHA256`). `origin`: how Twilio addresses the connector.
 */
export function twilio(token: Secret, origin: string): Verification {
  const check = hmac({
    secret: token,
    algorithm: 'sha1',
    encoding: 'base64',
    takesEmptyBody: true,
    signatures: prefixed('x-twilio-signature', ''),
    signed: ({ target, query, body }) => {
      if (query.has('bodySHA256')) return [`${origin}${target}`];
      const fields = [...new URLSearchParams(body.toString())].sort(([left], [right]) =>
        left < right ? -1 : Number(left > right),
      );
      return [`${origin}${target}`, ...fields.flat()];
    },
  });
  return (request, nowMs) => {
    const refused = check(request, nowMs);
    const digest = request.query.get('bodySHA256');
    if (refused !== undefined || digest === null) return refused;
    const own = createHash('sha256').update(request.body).digest('hex');
    return sameText(own, digest.toLowerCase()) ? undefined : 'the body is not the one that was signed';
  };
}

/** Twilio SendGrid's event webhook: ECDSA over `<seconds><body>`. */
export function sendgrid(publicKey: Secret, maxAgeS?: number): Verification {
  return ecdsa({
    publicKey,
    encoding: 'base64',
    signatures: prefixed('x-twilio-email-event-webhook-signature', ''),
    timestamp: header('x-twilio-email-event-webhook-timestamp'),
    signed: ({ body }, timestamp) => [timestamp, body],
    ...(maxAgeS === undefined ? {} : { maxAgeS }),
  });
}

/** Standard Webhooks, and Svix with its own prefix: `webhook-signature: v1,<base64> …` over `<id>.<seconds>.<body>`. */
export function standardWebhooks(secret: Secret, prefix: 'webhook' | 'svix' = 'webhook'): Verification {
  const key = Buffer.from(secret.reveal().replace(/^whsec_/, ''), 'base64');
  return hmac({
    secret: key,
    encoding: 'base64',
    signatures: ({ headers }) =>
      (headers[`${prefix}-signature`] ?? '')
        .split(' ')
        .flatMap((part) => (part.startsWith('v1,') ? [part.slice(3)] : [])),
    timestamp: header(`${prefix}-timestamp`),
    signed: ({ headers, body }, timestamp) => [headers[`${prefix}-id`] ?? '', '.', timestamp, '.', body],
  });
}

function header(name: string): (request: WebhookRequest) => string | undefined {
  return ({ headers }) => headers[name];
}

function prefixed(name: string, prefix: string): (request: WebhookRequest) => readonly string[] {
  return ({ headers }) => {
    const value = headers[name];
    return value !== undefined && value.startsWith(prefix) ? [value.slice(prefix.length)] : [];
  };
}

function some(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}
