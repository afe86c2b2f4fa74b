// The page on this machine that the provider sends the browser back to. It takes one answer: the one that has the state
// which the browser left with. Everything else that may knock (other sites, a second tab) is turned away, and waited past.

import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errors } from '../errors.ts';

export class RedirectServer implements Disposable {
  readonly #server: Server;
  readonly #state: string;
  readonly #code = Promise.withResolvers<string>();

  private constructor(state: string) {
    this.#state = state;
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#code.promise.catch(() => undefined);
  }

  /** Errors: OAUTH_PORT_TAKEN. */
  static async listen(port: number, state: string): Promise<RedirectServer> {
    const redirect = new RedirectServer(state);
    const listening = Promise.withResolvers<void>();
    redirect.#server.once('error', (cause) =>
      listening.reject(
        errors.OAUTH_PORT_TAKEN({
          message: `Port ${port} of this machine cannot be used: ${cause.message}.`,
          cause,
        }),
      ),
    );
    redirect.#server.listen(port, '127.0.0.1', listening.resolve);
    await listening.promise;
    return redirect;
  }

  /** As it is to be registered at the provider. */
  get uri(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Errors: OAUTH_DENIED, the signal's reason. */
  async code(signal: AbortSignal): Promise<string> {
    const stopped = Promise.withResolvers<never>();
    const onAbort = (): void => stopped.reject(signal.reason);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    try {
      return await Promise.race([this.#code.promise, stopped.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  [Symbol.dispose](): void {
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  #answer({ url = '/', method }: IncomingMessage, response: ServerResponse): void {
    const say = (status: number, text: string): void => {
      response
        .writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
        .end(text);
    };
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    if (method !== 'GET' || pathname !== '/') return say(404, 'Not here.');
    if (!this.#isOurs(searchParams.get('state') ?? ''))
      return say(400, 'This is not the answer that was waited for.');
    const code = searchParams.get('code');
    if (code !== null && code !== '') {
      say(
        200,
        'Thank you. The connector is authorized as soon as the terminal says so; this page can be closed.',
      );
      return this.#code.resolve(code);
    }
    const said = [searchParams.get('error'), searchParams.get('error_description')]
      .filter(Boolean)
      .join(': ');
    say(200, 'The provider did not agree. The terminal says more; this page can be closed.');
    this.#code.reject(errors.OAUTH_DENIED({ message: `The provider answered ${said || 'nothing'}.` }));
  }

  #isOurs(state: string): boolean {
    const [given, own] = [Buffer.from(state), Buffer.from(this.#state)];
    return given.length === own.length && timingSafeEqual(given, own);
  }
}
