// Pages of other origins that may send documents from a browser.

import type { WebhookAnswer, WebhookRequest } from './webhook-request.ts';

export class CrossOrigin {
  readonly #origins: ReadonlySet<string>;

  /** `*` for any; nothing for none. */
  constructor(origins: readonly string[]) {
    this.#origins = new Set(origins);
  }

  /** Headers that let the page which asked read the answer. */
  headersFor({ headers }: Pick<WebhookRequest, 'headers'>): Record<string, string> {
    const { origin } = headers;
    if (this.#origins.has('*')) return { 'access-control-allow-origin': '*' };
    if (this.#origins.size === 0) return {};
    const allowed: Record<string, string> =
      origin !== undefined && this.#origins.has(origin) ? { 'access-control-allow-origin': origin } : {};
    return { ...allowed, vary: 'origin' };
  }

  /** The answer to a browser that asks beforehand; undefined for other requests. */
  preflight(request: Pick<WebhookRequest, 'method' | 'headers'>): WebhookAnswer | undefined {
    const { method, headers } = request;
    if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return undefined;
    const asked = headers['access-control-request-headers'];
    return {
      status: 200,
      headers: {
        ...this.headersFor(request),
        'access-control-allow-methods': 'POST,PUT',
        ...(asked === undefined ? {} : { 'access-control-allow-headers': asked }),
        vary: 'origin, access-control-request-method, access-control-request-headers',
      },
    };
  }
}
