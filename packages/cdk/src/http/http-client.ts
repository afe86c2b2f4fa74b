// Requests with everything around them: limits, credentials, retries with an end, and what an answer means. The
// beginning of a body is read before it is handed out, so that an answer that breaks off early is asked for again
// here, and only a very large one that breaks off late is the business of whoever reads it.

import type { Clock, Logger } from '@weir/connector';
import { excerptText, parseJson, type JsonValue } from '@weir/schema/json';
import { errors } from '../errors.ts';
import { backoffMs, type Random } from './backoff.ts';
import type { Credentials, Secrets } from './credentials.ts';
import { type AnswerMeaning, type AnswerRule, type ApiRequest, encodeBody, requestUrl } from './request.ts';
import type { RateLimiter } from './rate-limit.ts';
import type { ResponseHeaders, Transport, TransportResponse } from './transport.ts';
import { retryAfterMs } from './waits.ts';

export interface HttpClientOptions {
  readonly base: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly credentials: Credentials;
  readonly limiter: RateLimiter;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** What answers mean, where the request has no rules of its own that fit. */
  readonly answers?: readonly AnswerRule[];
  /** Failures of the server and of the network are tried again for so long; 15 minutes. A rate is waited for without end. */
  readonly patienceMs?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** The rules of the request say that there is nothing; the body is empty then. */
  readonly isEmpty: boolean;
  readonly body: AsyncIterable<Uint8Array>;
}

const PATIENCE_MS = 15 * 60_000;
/** So much of a body is read before it is handed out. */
const READ_AHEAD_BYTES = 4 << 20;
/** Bodies that are taken whole, and those that explain a refusal. */
const WHOLE_BYTES = 64 << 20;
const EXPLANATION_BYTES = 64 << 10;
const REDIRECTS = 5;

const NO_SECRETS: Secrets = { headers: {}, query: {} };

interface Attempt {
  readonly meaning: AnswerMeaning | 'unavailable' | 'ok';
  readonly answer: HttpAnswer;
  /** What a refusal says. */
  readonly text: string;
  /** What the request was sent with. */
  readonly secrets: Secrets;
}

export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #origin: string;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#origin = new URL(options.base).origin;
  }

  /** The answer's whole body as JSON; null for an empty one. */
  async json(request: ApiRequest, signal: AbortSignal): Promise<JsonValue> {
    const answer = await this.open(request, signal);
    const bytes = await readWhole(answer.body, WHOLE_BYTES);
    return bytes.length === 0 ? null : parseJson(bytes);
  }

  /** Throws when the answer is a refusal, or when there is none for too long. */
  async open(request: ApiRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { clock, log, limiter, random, credentials } = this.#options;
    const url = requestUrl(this.#options.base, request);
    const name = `${request.method ?? 'GET'} ${url.origin}${url.pathname}`;
    let failingSince: number | undefined;
    let isFresh = false;
    for (let attempt = 1; ; attempt += 1) {
      const result = await this.#attempt(request, url, signal).catch((failure: unknown) => {
        signal.throwIfAborted();
        return this.#networkFailure(failure);
      });
      if (!(result instanceof Error) && result.meaning === 'ok') return result.answer;
      if (!(result instanceof Error) && result.meaning === 'empty') {
        return { ...result.answer, isEmpty: true, body: nothing() };
      }
      if (!(result instanceof Error) && result.meaning === 'unauthorized' && !isFresh) {
        isFresh = true;
        if (await credentials.refresh(result.secrets, signal)) continue;
      } else isFresh = false;
      const problem = result instanceof Error ? networkError(name, result) : answerError(name, result);
      const isThrottled = !(result instanceof Error) && result.meaning === 'throttled';
      const mayPass =
        result instanceof Error || result.meaning === 'retry' || result.meaning === 'unavailable';
      if (!isThrottled && (!mayPass || !mayRepeat(request, result))) throw problem;
      failingSince ??= clock.now();
      const told = result instanceof Error ? undefined : retryAfterMs(result.answer.headers, clock.now());
      // Told to come back at once, again and again, it does not.
      const wait = told === undefined || (told === 0 && attempt > 1) ? backoffMs(attempt, random) : told;
      const patience = request.patienceMs ?? this.#options.patienceMs ?? PATIENCE_MS;
      const isPatient = isThrottled && request.patienceMs === undefined;
      if (!isPatient && clock.now() + wait - failingSince > patience) throw problem;
      log.warn(isThrottled ? 'the API asks to slow down' : 'a request failed and is tried again', {
        request: name,
        attempt,
        waitMs: wait,
        reason: problem.message,
      });
      if (isThrottled) limiter.block(wait);
      else await clock.until(clock.now() + wait, signal);
    }
  }

  /** An error that came from our own side is thrown on; one of the network is a result. */
  #networkFailure(failure: unknown): Error {
    if (failure instanceof Error && 'code' in failure && String(failure.code).startsWith('CDK_'))
      throw failure;
    const cause = failure instanceof Error ? failure.cause : undefined;
    if (cause instanceof Error && 'code' in cause && String(cause.code).startsWith('CDK_')) throw cause;
    return failure instanceof Error ? failure : new Error(String(failure));
  }

  async #attempt(request: ApiRequest, first: URL, signal: AbortSignal): Promise<Attempt> {
    const { limiter, credentials } = this.#options;
    const release = await limiter.acquire(first.href, signal);
    try {
      const secrets = request.isAnonymous === true ? NO_SECRETS : await credentials.current(signal);
      const response = await this.#follow(request, first, secrets, signal);
      limiter.observe(response.headers);
      const { status, headers } = response;
      const rules = [...(request.answers ?? []), ...(this.#options.answers ?? [])].filter(({ status: of }) =>
        typeof of === 'number' ? of === status : of.includes(status),
      );
      const own = defaultMeaning(status);
      if (own === 'ok' && rules.length === 0) {
        const body = await readAhead(response.body, release);
        return { meaning: 'ok', answer: { status, headers, isEmpty: false, body }, text: '', secrets };
      }
      const bytes = await readWhole(
        response.body,
        own === 'ok' ? WHOLE_BYTES : EXPLANATION_BYTES,
        own !== 'ok',
      );
      const text = bytes.toString('utf8');
      const rule = rules.find((each) => each.text?.test(text) ?? true);
      const answer = { status, headers, isEmpty: false, body: once(bytes) };
      release();
      return { meaning: rule?.means ?? own, answer, text, secrets };
    } catch (failure) {
      release();
      throw failure;
    }
  }

  async #follow(
    request: ApiRequest,
    first: URL,
    own: Secrets,
    signal: AbortSignal,
  ): Promise<TransportResponse> {
    const { transport, headers } = this.#options;
    const body = request.body === undefined ? undefined : encodeBody(request.body);
    let url = first;
    for (let redirects = 0; ; redirects += 1) {
      // Credentials are for the API alone, not for where it sends one.
      const secrets = url.origin === this.#origin ? own : NO_SECRETS;
      const target = new URL(url);
      for (const [name, value] of Object.entries(secrets.query)) target.searchParams.set(name, value);
      const response = await transport({
        method: request.method ?? 'GET',
        url: target,
        headers: {
          accept: 'application/json',
          'user-agent': 'weir',
          ...(body === undefined ? {} : { 'content-type': body.type }),
          ...headers,
          ...request.headers,
          ...secrets.headers,
        },
        body: body?.text,
        signal,
      });
      const { location } = response.headers;
      if (response.status < 300 || response.status >= 400 || location === undefined) return response;
      if (redirects === REDIRECTS || (request.method ?? 'GET') !== 'GET') return response;
      await readWhole(response.body, EXPLANATION_BYTES, true);
      url = new URL(location, url);
    }
  }
}

function defaultMeaning(status: number): Attempt['meaning'] {
  if (status >= 200 && status < 300) return 'ok';
  if (status === 401) return 'unauthorized';
  if (status === 429) return 'throttled';
  if (status === 408 || status === 425) return 'retry';
  return status >= 500 ? 'unavailable' : 'fail';
}

/** What may have been done already is done again only if that is harmless, or if it surely was not done. */
function mayRepeat({ method, isSafe }: ApiRequest, result: Attempt | Error): boolean {
  if (method !== 'POST' || isSafe === true) return true;
  return result instanceof Error && NEVER_SENT.has(codeOf(result));
}

const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}

function networkError(name: string, cause: Error): Error {
  const reason = cause.message === '' ? codeOf(cause) || cause.name : cause.message;
  return errors.CDK_HTTP_UNREACHABLE({ message: `${name} got no answer: ${reason}.`, cause });
}

function answerError(name: string, { answer: { status }, meaning, text }: Attempt): Error {
  const said = text.trim() === '' ? '' : `: ${excerptText(text.trim(), 500)}`;
  const message = `${name} was answered with ${status}${said}`;
  if (meaning === 'throttled') return errors.CDK_HTTP_THROTTLED({ message });
  if (meaning === 'unauthorized') return errors.CDK_HTTP_UNAUTHORIZED({ message });
  if (meaning === 'unavailable' || meaning === 'retry') return errors.CDK_HTTP_UNAVAILABLE({ message });
  if (status === 403) return errors.CDK_HTTP_FORBIDDEN({ message });
  return errors.CDK_HTTP_REFUSED({ message });
}

/** Reads up to `limit` bytes; beyond them it fails, or ends if `cuts`. */
export async function readWhole(
  body: AsyncIterable<Uint8Array>,
  limit: number,
  cuts = false,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length <= limit) continue;
    if (cuts) break;
    throw errors.CDK_BODY_TOO_LARGE({
      message: `An answer that has to be taken whole has more than ${limit} bytes.`,
    });
  }
  return Buffer.concat(chunks);
}

/** Reads the beginning of a body. `over` is called when all of it has been read, or nobody reads on. */
async function readAhead(
  body: AsyncIterable<Uint8Array>,
  over: () => void,
): Promise<AsyncIterable<Uint8Array>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const rest = body[Symbol.asyncIterator]();
  while (length < READ_AHEAD_BYTES) {
    const { done, value } = await rest.next();
    if (done === true) {
      over();
      return from(chunks);
    }
    chunks.push(value);
    length += value.length;
  }
  return continued(chunks, rest, over);
}

async function* continued(
  chunks: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
  over: () => void,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* chunks;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    over();
    await rest.return?.();
  }
}

async function* from(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, void> {
  yield* chunks;
}

function once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  return from([bytes]);
}

function nothing(): AsyncIterable<Uint8Array> {
  return from([]);
}
