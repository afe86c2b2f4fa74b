// Requests with everything around them: limits, credentials, retries with an end, and what an answer means. The
// beginning of a body is read before it is handed out, so that an answer that breaks off early is asked for again
// here, and only a very large one that breaks off late is the business of whoever reads it.

import type { Clock, Logger } from '@weir/connector';
import { WeirError } from '@weir/protocol';
import { excerptText, parseJson, type JsonValue } from '@weir/schema/json';
import { errors } from '../errors.ts';
import { backoffMs, type Random } from './backoff.ts';
import { bodyOf, readAhead, readWhole } from './body.ts';
import { assertSendable, type Credentials, type Secrets } from './credentials.ts';
import { type AnswerMeaning, type AnswerRule, type ApiRequest, encodeBody, requestUrl } from './request.ts';
import type { BudgetLeft, RateLimiter } from './rate-limit.ts';
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
  /**
   * How long anything is tried again, where somebody waits for the answer. When absent, failures of the server and of the
   * network for 15 minutes, a network that has not given a single answer yet for one, and a rate is waited for without end.
   */
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
/** A name that does not exist, say: the task's own failure tells more than a warning does. */
const FIRST_ANSWER_MS = 60_000;
/** Bodies that are taken whole, and those that explain a refusal. */
const WHOLE_BYTES = 64 << 20;
const EXPLANATION_BYTES = 64 << 10;
const REDIRECTS = 5;

const NO_SECRETS: Secrets = { headers: {}, query: {} };

interface Answered {
  readonly meaning: AnswerMeaning | 'unavailable' | 'ok';
  readonly answer: HttpAnswer;
  /** What a refusal says. */
  readonly text: string;
  /** What the request was sent with. */
  readonly secrets: Secrets;
}

interface Unanswered {
  readonly meaning: 'unreachable';
  readonly cause: Error;
}

type Attempt = Answered | Unanswered;

export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #origin: string;
  #hasAnswered = false;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#origin = new URL(options.base).origin;
  }

  /** The same server, credentials and limits; each request has more headers. */
  withHeaders(headers: Readonly<Record<string, string>>): HttpClient {
    const { headers: common, ...options } = this.#options;
    const client = new HttpClient({ ...options, headers: { ...common, ...headers } });
    client.#hasAnswered = this.#hasAnswered;
    return client;
  }

  /** The answer's whole body as JSON; null for an empty one. */
  async json(request: ApiRequest, signal: AbortSignal): Promise<JsonValue> {
    const answer = await this.open(request, signal);
    const bytes = await readWhole(answer.body, WHOLE_BYTES);
    return bytes.length === 0 ? null : parseJson(bytes);
  }

  /** What the answer to a request told of the budget of points, where it tells. */
  budgetLeft(request: ApiRequest, left: BudgetLeft): void {
    this.#options.limiter.budgetLeft(requestUrl(this.#options.base, request).href, left);
  }

  /** Throws when the answer is a refusal, or when there is none for too long. */
  async open(request: ApiRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { clock, log, limiter, random, credentials } = this.#options;
    const url = requestUrl(this.#options.base, request);
    const name = `${request.method ?? 'GET'} ${url.origin}${url.pathname}`;
    let failingSince: number | undefined;
    let isFresh = false;
    for (let attempt = 1; ; attempt += 1) {
      const result = await this.#attempt(request, url, signal).catch((failure: unknown): Unanswered => {
        signal.throwIfAborted();
        return { meaning: 'unreachable', cause: networkFailure(failure) };
      });
      if (result.meaning === 'ok') return result.answer;
      if (result.meaning === 'empty') return { ...result.answer, isEmpty: true, body: bodyOf() };
      if (result.meaning === 'unauthorized' && !isFresh) {
        isFresh = true;
        if (await credentials.refresh(result.secrets, signal)) continue;
      } else isFresh = false;
      const problem = problemOf(name, result);
      if (!mayRepeat(request, result)) throw problem;
      failingSince ??= clock.now();
      const wait = waitMs(result, attempt, clock.now(), random);
      const isThrottled = result.meaning === 'throttled';
      const isEndless = isThrottled && this.#options.patienceMs === undefined;
      if (!isEndless && clock.now() + wait - failingSince > this.#patienceMs) throw problem;
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

  get #patienceMs(): number {
    return this.#options.patienceMs ?? (this.#hasAnswered ? PATIENCE_MS : FIRST_ANSWER_MS);
  }

  async #attempt(request: ApiRequest, first: URL, signal: AbortSignal): Promise<Answered> {
    const { limiter, credentials } = this.#options;
    const release = await limiter.acquire(first.href, signal, request.cost);
    try {
      const secrets = request.isAnonymous === true ? NO_SECRETS : await credentials.current(signal);
      assertSendable(secrets);
      const response = await this.#follow(request, first, secrets, signal);
      this.#hasAnswered = true;
      limiter.observe(response.headers);
      const { status, headers } = response;
      const rules = [...(request.answers ?? []), ...(this.#options.answers ?? [])].filter(({ status: of }) =>
        typeof of === 'number' ? of === status : of.includes(status),
      );
      const own = defaultMeaning(status);
      if (own === 'ok' && rules.length === 0) {
        const body = await readAhead(response.body, release);
        credentials.accepted?.(secrets);
        return { meaning: 'ok', answer: { status, headers, isEmpty: false, body }, text: '', secrets };
      }
      const bytes = await readWhole(
        response.body,
        own === 'ok' ? WHOLE_BYTES : EXPLANATION_BYTES,
        own !== 'ok',
      );
      const text = bytes.toString('utf8');
      const rule = rules.find((each) => each.text?.test(text) ?? true);
      const answer = { status, headers, isEmpty: false, body: bodyOf(bytes) };
      release();
      const meaning = rule?.means ?? own;
      if (own === 'ok' && meaning === 'ok') credentials.accepted?.(secrets);
      return { meaning, answer, text, secrets };
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

function defaultMeaning(status: number): Answered['meaning'] {
  if (status >= 200 && status < 300) return 'ok';
  if (status === 401) return 'unauthorized';
  if (status === 429) return 'throttled';
  if (status === 408 || status === 425) return 'retry';
  return status >= 500 ? 'unavailable' : 'fail';
}

/** What may have been done already is done again only if that is harmless, or if it surely was not done. */
function mayRepeat({ method, isSafe }: ApiRequest, attempt: Attempt): boolean {
  const isHarmless = method !== 'POST' || isSafe === true;
  switch (attempt.meaning) {
    case 'throttled':
      return true;
    case 'unreachable':
      return isHarmless || NEVER_SENT.has(codeOf(attempt.cause));
    case 'retry':
    case 'unavailable':
      return isHarmless;
    default:
      return false;
  }
}

const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

/** Told to come back at once, again and again, it does not. */
function waitMs(attempt: Attempt, count: number, nowMs: number, random: Random): number {
  const told = attempt.meaning === 'unreachable' ? undefined : retryAfterMs(attempt.answer.headers, nowMs);
  return told === undefined || (told === 0 && count > 1) ? backoffMs(count, random) : told;
}

/** What the network failed with. A failure of our own, and the end of the session, are thrown on. */
function networkFailure(failure: unknown): Error {
  const error = failure instanceof Error ? failure : new Error(String(failure));
  if (error.name === 'AbortError' && error instanceof DOMException) throw error;
  for (const each of [error, error.cause])
    if (each instanceof WeirError || each instanceof TypeError) throw each;
  return error;
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}

function problemOf(name: string, attempt: Attempt): Error {
  if (attempt.meaning === 'unreachable') {
    const { cause } = attempt;
    const reason = cause.message === '' ? codeOf(cause) || cause.name : cause.message;
    return errors.CDK_HTTP_UNREACHABLE({ message: `${name} got no whole answer: ${reason}.`, cause });
  }
  const { answer, meaning, text } = attempt;
  const said = text.trim() === '' ? '' : `: ${excerptText(text.trim(), 500)}`;
  const message = `${name} was answered with ${answer.status}${said}`;
  if (meaning === 'throttled') return errors.CDK_HTTP_THROTTLED({ message });
  if (meaning === 'unauthorized') return errors.CDK_HTTP_UNAUTHORIZED({ message });
  if (meaning === 'unavailable' || meaning === 'retry') return errors.CDK_HTTP_UNAVAILABLE({ message });
  if (meaning === 'forbidden' || answer.status === 403) return errors.CDK_HTTP_FORBIDDEN({ message });
  return errors.CDK_HTTP_REFUSED({ message });
}
