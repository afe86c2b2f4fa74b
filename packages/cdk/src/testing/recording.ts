// What an API answered, kept in a file and given again. A recording is made once with real credentials, read by a person, and
// kept beside the test; it holds no credentials. Replaying is strict: a request that was not recorded fails the test, and so
// should an answer that nobody asked for.

import { readFileSync, writeFileSync } from 'node:fs';
import { readWhole } from '../http/body.ts';
import type { Transport, TransportRequest, TransportResponse } from '../http/transport.ts';

export interface Exchange {
  readonly request: { readonly method: string; readonly url: string; readonly body?: string };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
}

export interface Recording {
  readonly transport: Transport;
  /** Writes what was exchanged so far, one exchange after another. */
  readonly save: (path: string) => void;
}

export interface RecordingOptions {
  /** Values that stand nowhere in the recording: keys, tokens, passwords. */
  readonly secrets: readonly string[];
  /** Headers of answers that are kept beside those about content, pages and limits. */
  readonly headers?: readonly string[];
}

/** Others may hold a session, or name who asked. */
const KEPT_HEADERS = /^(content-type|link|retry-after|x-total.*|(x-)?rate-?limit.*)$/;
const SECRET_MEMBER =
  /("(?:access_token|refresh_token|id_token|client_secret|password|token|session)"\s*:\s*)"(?:[^"\\]|\\.)*"/gi;
const SECRET_FIELD =
  /((?:^|[?&])(?:access_token|refresh_token|client_secret|assertion|code|password|token|api_?key|key)=)[^&]*/gi;
const HIDDEN = '***';
const LARGEST_BODY = 16 << 20;

/** Sends requests on, and keeps what is said. */
export function record(transport: Transport, { secrets, headers = [] }: RecordingOptions): Recording {
  const exchanges: Exchange[] = [];
  const hide = hider(secrets);
  const kept = new Set(headers.map((name) => name.toLowerCase()));
  return {
    transport: async (request) => {
      const answer = await transport(request);
      const body = await readWhole(answer.body, LARGEST_BODY);
      exchanges.push({
        request: described(request, hide),
        response: {
          status: answer.status,
          headers: Object.fromEntries(
            Object.entries(answer.headers).flatMap(([name, value]) =>
              value !== undefined && (KEPT_HEADERS.test(name) || kept.has(name)) ? [[name, hide(value)]] : [],
            ),
          ),
          body: hide(body.toString()),
        },
      });
      return { ...answer, body: bodyOf(body) };
    },
    save: (path) => writeFileSync(path, `${JSON.stringify(exchanges, null, 2)}\n`),
  };
}

export interface Replay {
  readonly transport: Transport;
  /** What was recorded and not asked for. */
  readonly unused: () => readonly string[];
}

/** Gives the answers of a recording. The same request, made again, gets the next of its answers. */
export function replay(path: string, { secrets = [] }: Partial<RecordingOptions> = {}): Replay {
  const left = JSON.parse(readFileSync(path, 'utf8')) as Exchange[];
  const hide = hider(secrets);
  return {
    transport: async (request) => {
      const asked = described(request, hide);
      const index = left.findIndex((exchange) => nameOf(exchange.request) === nameOf(asked));
      const [exchange] = index === -1 ? [] : left.splice(index, 1);
      if (exchange === undefined) {
        throw new TypeError(
          `${path} has no answer to ${nameOf(asked)}; it has:\n${left.map((each) => nameOf(each.request)).join('\n')}`,
        );
      }
      const { status, headers, body } = exchange.response;
      return { status, headers, body: bodyOf(Buffer.from(body)) } satisfies TransportResponse;
    },
    unused: () => left.map((exchange) => nameOf(exchange.request)),
  };
}

function described(
  { method, url, body }: TransportRequest,
  hide: (text: string) => string,
): Exchange['request'] {
  return { method, url: hide(url.href), ...(body === undefined ? {} : { body: hide(body) }) };
}

function nameOf({ method, url, body }: Exchange['request']): string {
  return `${method} ${url}${body === undefined ? '' : ` ${body}`}`;
}

function hider(secrets: readonly string[]): (text: string) => string {
  const forms = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]);
  return (text) => {
    let hidden = text.replaceAll(SECRET_MEMBER, `$1"${HIDDEN}"`).replaceAll(SECRET_FIELD, `$1${HIDDEN}`);
    for (const form of forms) hidden = hidden.replaceAll(form, HIDDEN);
    return hidden;
  };
}

async function* bodyOf(body: Buffer): AsyncGenerator<Uint8Array, void, void> {
  yield body;
}
