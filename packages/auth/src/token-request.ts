// One request to a token service. What it answers is checked here; what went wrong is told without the body we sent,
// which holds keys and assertions.

import { errors } from './errors.ts';

export interface TokenRequest {
  /** Who is asked, for messages: `Google's token service`. */
  readonly service: string;
  readonly url: string;
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  /** Form fields are sent as such, other objects as JSON. */
  readonly body?: URLSearchParams | object | string;
}

const TIMEOUT_MS = 10_000;

/** The body of a successful answer. Throws AUTH_REFUSED and AUTH_UNREACHABLE. */
export async function requestText(request: TokenRequest): Promise<string> {
  const { service, url, body } = request;
  const isJson = body !== undefined && typeof body !== 'string' && !(body instanceof URLSearchParams);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: request.method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { ...(isJson ? { 'content-type': 'application/json' } : {}), ...request.headers },
      ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : body }),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch (error) {
    throw errors.AUTH_UNREACHABLE({
      message: `${service} at ${originOf(url)} cannot be reached: ${reasonOf(error)}`,
      cause: error,
    });
  }
  if (response.ok) return text;
  const message = `${service} answered with ${response.status}: ${explanation(text)}`;
  const isTransient = response.status >= 500 || response.status === 429 || response.status === 408;
  throw isTransient ? errors.AUTH_UNREACHABLE({ message }) : errors.AUTH_REFUSED({ message });
}

export async function requestJson(request: TokenRequest): Promise<Readonly<Record<string, unknown>>> {
  const text = await requestText(request);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below, without the text: it may hold a token.
  }
  throw unexpectedAnswer(request.service);
}

export function unexpectedAnswer(service: string) {
  return errors.AUTH_UNREACHABLE({ message: `${service} answered something that is no token` });
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : JSON.stringify(url);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS} ms`;
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}

const EXPLANATION_LENGTH = 400;

/** What a refusal says: OAuth's, Google's, Azure's or AWS's words, or the beginning of whatever it is. */
function explanation(text: string): string {
  const words = fromJson(text) ?? fromXml(text) ?? text;
  const line = words.replaceAll(/\s+/g, ' ').trim();
  return line === '' ? 'no explanation' : line.slice(0, EXPLANATION_LENGTH);
}

function fromJson(text: string): string | undefined {
  try {
    const answer = JSON.parse(text) as Record<string, unknown>;
    const { error } = answer;
    if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
    const words = [error, answer['error_description'], answer['message'] ?? answer['Message']];
    return words.filter((word) => typeof word === 'string').join(': ');
  } catch {
    return undefined;
  }
}

function fromXml(text: string): string | undefined {
  const [, code] = /<Code>([^<]*)<\/Code>/.exec(text) ?? [];
  const [, message] = /<Message>([^<]*)<\/Message>/.exec(text) ?? [];
  return code === undefined ? undefined : `${code}: ${message ?? ''}`;
}
