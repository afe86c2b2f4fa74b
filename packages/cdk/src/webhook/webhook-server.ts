// The HTTP server of webhooks. It holds what it has not committed, so it holds only so much: beyond that it says 503, and
// when to try again. Whoever was not told of success has to send again; what it sent may be committed all the same.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock, Logger } from '@weir/connector';
import { errors } from '../errors.ts';
import { decompressed } from '../http/undici-transport.ts';
import { contentTypeOf, valueBytes } from './body-documents.ts';
import { type HeldRequest, HeldRequests } from './held-requests.ts';
import type { WebhookHead } from './webhook-app.ts';
import {
  jsonAnswer,
  refusalAnswer,
  WebhookRefusal,
  type WebhookAnswer,
  type WebhookRequest,
} from './webhook-request.ts';

export interface WebhookLimits {
  /** Of one body, decompressed. */
  readonly bodyBytes: number;
  /** Requests that are being read, or wait for their commit. */
  readonly requests: number;
  /** What all of them amount to: bodies, the values in them and the documents they become. No single one may amount to more. */
  readonly heldBytes: number;
  /** How long a sender waits for the commit. */
  readonly commitMs: number;
  /** How long requests may take when the server stops. */
  readonly graceMs: number;
}

export const webhookLimits: WebhookLimits = {
  bodyBytes: 64 << 20,
  requests: 512,
  heldBytes: 192 << 20,
  commitMs: 60_000,
  graceMs: 3000,
};

export interface WebhookListener {
  answerHead(head: WebhookHead): WebhookAnswer | undefined;
  answer(request: WebhookRequest, holding: Holding): Promise<WebhookAnswer>;
}

/** What a request may take while it is answered. */
export interface Holding {
  /** Aborted once the sender has been told to come again, so that what is not sent on yet can be dropped. */
  readonly abandoned: AbortSignal;
  /** Called before so many more bytes are held for it. Throws a refusal when they are too many. */
  readonly hold: (bytes: number) => void;
}

export interface WebhookServerOptions {
  /** 0: any that is free. */
  readonly port: number;
  readonly host?: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Partial<WebhookLimits>;
  readonly listener: WebhookListener;
}

/** Where Flow sends requests to a connector; the image says so in its labels. */
export const WEBHOOK_PORT = 8080;
const ENCODINGS = new Set(['', 'identity', 'gzip', 'x-gzip', 'deflate', 'br', 'zstd']);
const FAREWELL_MS = 200;
const AGAIN = { 'retry-after': '1' } as const;

export class WebhookServer implements AsyncDisposable {
  readonly #options: WebhookServerOptions;
  readonly #limits: WebhookLimits;
  readonly #server: Server;
  readonly #stopping = new AbortController();
  #isStopping = false;
  #stopped: Promise<void> | undefined;
  /** Those that have no answer yet. */
  #requests = 0;
  readonly #held = new HeldRequests();
  readonly #idle = Promise.withResolvers<void>();

  private constructor(options: WebhookServerOptions) {
    this.#options = options;
    this.#limits = { ...webhookLimits, ...options.limits };
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async listen(options: WebhookServerOptions): Promise<WebhookServer> {
    const server = new WebhookServer(options);
    await server.#listen();
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes nothing more, gives what is being committed its time, and ends. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#isStopping = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    if (this.#requests === 0) this.#idle.resolve();
    await this.#untilIdle(this.#limits.graceMs);
    // Who still waits is told to send again, which takes a moment.
    this.#stopping.abort();
    await this.#untilIdle(FAREWELL_MS);
    this.#server.closeAllConnections();
    await closed;
  }

  async #untilIdle(longestMs: number): Promise<void> {
    const { clock } = this.#options;
    const idle = new AbortController();
    const timer = clock.until(clock.now() + longestMs, idle.signal).catch(() => undefined);
    await Promise.race([this.#idle.promise, timer]);
    idle.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #listen(): Promise<void> {
    const { port, host = '0.0.0.0' } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) => {
        const isTaken = cause.code === 'EADDRINUSE';
        const why = isTaken ? 'another program listens there' : cause.message;
        reject(
          errors.CDK_WEBHOOK_PORT({ message: `Webhooks cannot be taken on ${host}:${port}: ${why}.`, cause }),
        );
      });
      this.#server.listen(port, host, resolve);
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#requests += 1;
    using held = this.#held.take();
    try {
      const answer = await this.#answer(request, held);
      await this.#send(request, response, answer);
    } catch (failure) {
      // The sender is gone, or the connector has a defect; either way it was not told of success.
      this.#options.log.warn('a webhook was not taken', { path: request.url ?? '', error: String(failure) });
      if (!response.headersSent)
        await this.#send(request, response, jsonAnswer(500, { error: 'internal error' }));
    } finally {
      this.#requests -= 1;
      if (this.#requests === 0 && this.#isStopping) this.#idle.resolve();
    }
  }

  async #answer(request: IncomingMessage, held: HeldRequest): Promise<WebhookAnswer> {
    try {
      if (this.#isStopping) throw new WebhookRefusal(503, 'the connector is stopping', { headers: AGAIN });
      const head = headOf(request, this.#options.clock.now());
      const { listener } = this.#options;
      const answered = listener.answerHead(head);
      if (answered !== undefined) return answered;
      if (this.#held.count > this.#limits.requests) throw tooBusy();
      const body = await this.#bodyOf(request, held);
      // A body may be as good as nothing but values, each of which takes more than the few bytes it is written in.
      this.#hold(held, valueBytes(body, contentTypeOf(head)));
      const abandoned = new AbortController();
      const answer = listener.answer(
        { ...head, body },
        { abandoned: abandoned.signal, hold: (bytes) => this.#hold(held, bytes) },
      );
      held.until(answer);
      return await this.#committed(answer, head, abandoned);
    } catch (failure) {
      if (failure instanceof WebhookRefusal) return refusalAnswer(failure);
      throw failure;
    }
  }

  #hold(held: HeldRequest, bytes: number): void {
    const { heldBytes } = this.#limits;
    held.add(bytes);
    if (held.bytes > heldBytes) {
      throw new WebhookRefusal(
        413,
        `a request amounts to at most ${heldBytes} bytes of documents: send fewer`,
      );
    }
    if (this.#held.bytes > heldBytes) throw tooBusy();
  }

  async #bodyOf(request: IncomingMessage, held: HeldRequest): Promise<Buffer> {
    const { bodyBytes } = this.#limits;
    const encodings = (request.headers['content-encoding'] ?? '').toLowerCase();
    if (!encodings.split(',').every((encoding) => ENCODINGS.has(encoding.trim()))) {
      throw new WebhookRefusal(415, `the content encoding ${encodings} is not known`);
    }
    const tooLarge = (): Error => new WebhookRefusal(413, `a body has at most ${bodyBytes} bytes`);
    if (Number(request.headers['content-length'] ?? 0) > bodyBytes) throw tooLarge();
    const chunks: Buffer[] = [];
    let length = 0;
    try {
      for await (const chunk of decompressed(request, encodings) as AsyncIterable<Buffer>) {
        length += chunk.length;
        if (length > bodyBytes) throw tooLarge();
        this.#hold(held, chunk.length);
        chunks.push(chunk);
      }
    } catch (failure) {
      if (failure instanceof WebhookRefusal) throw failure;
      const why = failure instanceof Error ? failure.message : String(failure);
      throw new WebhookRefusal(400, `the body cannot be read: ${why}`);
    }
    return Buffer.concat(chunks);
  }

  /** The answer, unless the commit takes too long or the server ends before it. */
  async #committed(
    answer: Promise<WebhookAnswer>,
    { path }: WebhookHead,
    abandoned: AbortController,
  ): Promise<WebhookAnswer> {
    const { clock, log } = this.#options;
    const done = new AbortController();
    const signal = AbortSignal.any([done.signal, this.#stopping.signal]);
    const late = clock.until(clock.now() + this.#limits.commitMs, signal).then(
      () => 'it was not committed in time',
      () => 'the connector is stopping',
    );
    try {
      const first = await Promise.race([answer, late]);
      if (typeof first !== 'string') return first;
      log.warn(`a webhook is answered with 503: ${first}`, { path });
      abandoned.abort(new DOMException(first, 'AbortError'));
      throw new WebhookRefusal(503, first, { headers: AGAIN });
    } finally {
      done.abort();
      answer.catch(() => undefined);
    }
  }

  /** Resolves once the answer is on its way, or its sender is gone: until then a stop waits. */
  async #send(
    request: IncomingMessage,
    response: ServerResponse,
    { status, headers = {}, body = '' }: WebhookAnswer,
  ): Promise<void> {
    // What is left of a body that nobody reads would be taken for the next request.
    const ends = !request.complete || this.#isStopping ? { connection: 'close' } : {};
    response.writeHead(status, { ...headers, ...ends, 'content-length': Buffer.byteLength(body) });
    const sent = new Promise<void>((resolve) => {
      response.once('close', resolve);
      response.once('finish', resolve);
    });
    response.end(request.method === 'HEAD' ? '' : body);
    if (!request.complete && !request.destroyed) request.resume();
    if (!response.destroyed) await sent;
  }
}

function tooBusy(): WebhookRefusal {
  return new WebhookRefusal(503, 'too much waits to be committed', { headers: AGAIN });
}

function headOf({ method = 'GET', url = '/', headers }: IncomingMessage, receivedMs: number): WebhookHead {
  const mark = url.indexOf('?');
  return {
    method,
    target: url,
    path: mark === -1 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1)),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : (value ?? ''),
      ]),
    ),
    receivedMs,
  };
}
