// oidc-provider with a user who agrees to everything, refresh tokens that rotate and are revoked when one comes a second
// time, and an API that takes its access tokens; and a browser that follows where it is sent.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

export const client = { id: 'the-client', secret: 'the-secret-of-the-client' } as const;

export class OidcServer implements Disposable {
  readonly #server: Server;
  #provider: Provider | undefined;
  /** Access tokens with which the API was read. */
  readonly used = new Set<string>();

  private constructor() {
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  static async listen(redirectUri: string, livesSeconds: number): Promise<OidcServer> {
    const oidc = new OidcServer();
    await new Promise<void>((resolve) => oidc.#server.listen(0, '127.0.0.1', resolve));
    oidc.#provider = new Provider(oidc.address, {
      clients: [
        {
          client_id: client.id,
          client_secret: client.secret,
          application_type: 'native',
          redirect_uris: [redirectUri],
          grant_types: ['authorization_code', 'refresh_token'],
          response_types: ['code'],
          token_endpoint_auth_method: 'client_secret_post',
        },
      ],
      routes: { authorization: '/authorize', token: '/token' },
      scopes: ['openid', 'offline_access'],
      pkce: { required: () => true },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
      findAccount: (_context: unknown, accountId: string) => ({
        accountId,
        claims: () => ({ sub: accountId }),
      }),
      ttl: { AccessToken: livesSeconds, RefreshToken: 3600, Grant: 3600, Interaction: 600, Session: 600 },
      rotateRefreshToken: true,
      cookies: { keys: ['a key for tests'] },
    });
    return oidc;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  [Symbol.dispose](): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const provider = this.#provider;
    if (provider === undefined) return;
    const path = request.url ?? '/';
    if (path.startsWith('/interaction/')) return await agree(provider, request, response);
    if (!path.startsWith('/rows') && !path.startsWith('/me')) return provider.callback()(request, response);
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if ((await provider.AccessToken.find(token)) === undefined) {
      response.writeHead(401).end('{"error":"invalid_token"}');
      return;
    }
    if (path.startsWith('/rows')) this.used.add(token);
    const now = `${new Date().toISOString().slice(0, 19)}Z`;
    response.writeHead(200, { 'content-type': 'application/json' }).end(`{"data":[{"id":1,"at":"${now}"}]}`);
  }
}

async function agree(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { prompt, params } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    return await provider.interactionFinished(request, response, { login: { accountId: 'ada' } });
  }
  const grant = new provider.Grant({ accountId: 'ada', clientId: String(params['client_id']) });
  grant.addOIDCScope('openid offline_access');
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}

/** Follows redirects with cookies, to the page that is none. */
export async function browse(start: string): Promise<{ readonly status: number; readonly text: string }> {
  const cookies = new Map<string, string>();
  for (let url = start, hops = 0; hops < 20; hops += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    const next = answer.headers.get('location');
    if (next === null) return { status: answer.status, text: await answer.text() };
    await answer.arrayBuffer();
    url = new URL(next, url).href;
  }
  throw new Error('the redirects have no end');
}
