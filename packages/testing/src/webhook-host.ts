// A capture of webhooks that listens, and requests to it. Its configuration has it listen on any free port (0).

import type { Capture } from '@weir/capture';
import { CaptureHost, type HostedBinding, type HostedDocument, type HostOptions } from './capture-host.ts';
import { until } from './until.ts';

export interface SenderAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers: Headers;
}

export class WebhookHost implements AsyncDisposable {
  readonly #capture: CaptureHost;
  readonly port: number;

  private constructor(capture: CaptureHost, port: number) {
    this.#capture = capture;
    this.port = port;
  }

  /** Resolves once it listens. */
  static async start<Config, Resource>(
    capture: Capture<Config, Resource>,
    config: object,
    bindings: readonly HostedBinding[],
    options: HostOptions = {},
  ): Promise<WebhookHost> {
    const hosted = CaptureHost.start(capture, config, bindings, options);
    const port = (): string | undefined => /on port (\d+)/.exec(hosted.log)?.[1];
    await until('the connector listens', () => port() !== undefined, { explain: () => hosted.log });
    return new WebhookHost(hosted, Number(port()));
  }

  get documents(): readonly HostedDocument[] {
    return this.#capture.documents;
  }

  get checkpoints(): number {
    return this.#capture.checkpoints;
  }

  async ask(path: string, init: RequestInit = {}): Promise<SenderAnswer> {
    const answer = await fetch(`http://127.0.0.1:${this.port}${path}`, { redirect: 'manual', ...init });
    return { status: answer.status, body: await answer.text(), headers: answer.headers };
  }

  async post(
    path: string,
    body: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<SenderAnswer> {
    const sent = typeof body === 'string' ? body : new Uint8Array(body);
    return await this.ask(path, {
      method: 'POST',
      body: sent,
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#capture[Symbol.asyncDispose]();
  }
}
