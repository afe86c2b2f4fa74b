// A provider of OAuth2 whose refresh tokens may be used once, and an API that takes its access tokens. A fake, because no
// real one can be told when to be strict: what it does about a token that was used before is chosen.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * lenient: the old refresh token is good until its successor, or the new access token, is used. strict: it is used up at
 * once. family: using it a second time revokes everything that came of it (RFC 9700 §4.14.2).
 */
export type Strictness = 'lenient' | 'strict' | 'family';

/** A token is accepted so much longer than was said: clocks differ, and requests take time. */
const GRACE_MS = 60_000;

export interface RotatingProviderOptions {
  readonly strictness: Strictness;
  readonly livesSeconds: number;
  /** How long an exchange takes, once the refresh token is spent. */
  readonly exchangeMs?: number;
  /** What the API answers to a request with a good token. */
  readonly answer: (url: URL) => string;
}

export class RotatingProvider implements Disposable {
  readonly #options: RotatingProviderOptions;
  readonly #server: Server;
  #generation = 1;
  #isRevoked = false;
  /** The generation before may still be exchanged. */
  #isPreviousGood = false;
  readonly #access = new Map<string, { readonly generation: number; readonly endsMs: number }>();
  exchanges = 0;
  /** Refresh tokens that came a second time. */
  reuses = 0;
  /** Requests of the API with each generation's token. */
  readonly served = new Map<number, number>();

  constructor(options: RotatingProviderOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The credentials that a user would have got: an access token that has expired. */
  get credentials() {
    return {
      client_id: 'the-client',
      client_secret: 'the-client-secret',
      refresh_token: refreshName(this.#generation),
      access_token: 'access-of-long-ago',
      access_token_expires_at: '2020-01-01T00:00:00Z',
    };
  }

  [Symbol.dispose](): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const say = (status: number, body: string): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    };
    if (url.pathname === '/token') return await this.#exchange(new URLSearchParams(await text(request)), say);
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const known = this.#access.get(token);
    if (this.#isRevoked || known === undefined || known.endsMs < Date.now())
      return say(401, '{"error":"expired"}');
    if (known.generation === this.#generation) this.#isPreviousGood = false;
    this.served.set(known.generation, (this.served.get(known.generation) ?? 0) + 1);
    say(200, this.#options.answer(url));
  }

  async #exchange(form: URLSearchParams, say: (status: number, body: string) => void): Promise<void> {
    const given = form.get('refresh_token');
    const isCurrent = given === refreshName(this.#generation);
    const isPrevious = given === refreshName(this.#generation - 1) && this.#isPreviousGood;
    if (!isCurrent) this.reuses += 1;
    if (this.#isRevoked || (!isCurrent && !isPrevious)) {
      if (this.#options.strictness === 'family') this.#isRevoked = true;
      return say(400, '{"error":"invalid_grant","error_description":"the refresh token was used before"}');
    }
    this.exchanges += 1;
    this.#generation += 1;
    this.#isPreviousGood = this.#options.strictness === 'lenient';
    const access = `access-${this.#generation}-${crypto.randomUUID()}`;
    const { livesSeconds, exchangeMs = 0 } = this.#options;
    const endsMs = Date.now() + livesSeconds * 1000 + GRACE_MS;
    this.#access.set(access, { generation: this.#generation, endsMs });
    const refresh = refreshName(this.#generation);
    await delay(exchangeMs);
    say(
      200,
      JSON.stringify({
        access_token: access,
        refresh_token: refresh,
        expires_in: livesSeconds,
        token_type: 'bearer',
      }),
    );
  }
}

function refreshName(generation: number): string {
  return `refresh-token-number-${generation}`;
}
