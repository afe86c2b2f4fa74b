// A vendor in memory: tables that change, and an API in front of them with what APIs do to their callers. It refuses
// for the rate in every form, fails in bursts, cuts bodies off, lets tokens expire. A connector's fake says where the
// lists are, how they filter and how they page, with the vendor's quirks, and where it knows them from.
//
// A fake shows that a connector keeps the kit's promises on such an API. It cannot show that the vendor is such an API.

import { stringifyJson, type JsonObject, type JsonValue } from '@weir/schema/json';
import type { Transport, TransportRequest, TransportResponse } from '../http/transport.ts';
import { ScriptedTable, type TableOptions, type TableRow } from './scripted-table.ts';
import type { TestRandom } from './test-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface FakePage {
  readonly body: JsonValue;
  /** In the place of the body: a file of one value a line. */
  readonly lines?: readonly JsonValue[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** `rows`: what the table shows now, in the order of the ids. `table`: what is behind it. */
export type FakeList = (
  rows: readonly TableRow[],
  url: URL,
  table: ScriptedTable,
  request: TransportRequest,
  tables: (path: string) => ScriptedTable,
) => FakePage | FakeRefusal;

export interface FakeRefusal {
  readonly status: number;
  readonly text: string;
}

export interface FakeToken {
  readonly url: string;
  readonly livesMs: number;
  /** Whether a request for a token is in order. */
  readonly accepts: (request: TransportRequest) => boolean;
}

export interface FakeApi {
  readonly origin: string;
  /** More servers, where the same lists are. */
  readonly origins?: readonly string[];
  readonly token?: FakeToken;
  /** Without tokens: whether a request has the right credentials. */
  readonly accepts?: (request: TransportRequest) => boolean;
  /** By path. Each has a table of its own. */
  readonly lists: Readonly<Record<string, FakeList>>;
  /** Paths that show the table of another path. */
  readonly sameTable?: Readonly<Record<string, string>>;
  /** What is below the rows of a list, by its path: `path/id/…`. undefined: the row is not there now. */
  readonly below?: Readonly<Record<string, (row: TableRow | undefined, url: URL) => FakePage | FakeRefusal>>;
  readonly tables?: Omit<TableOptions, 'changesUntilMs'>;
}

export interface FakeWorld {
  readonly clock: VirtualClock;
  readonly random: TestRandom;
  readonly changesUntilMs: number;
  /** Nothing is refused, cut off or late. */
  readonly isCalm?: boolean;
}

/** Of all requests. */
const FAULTS = 0.15;
const YOUNG_MS = 30_000;

export class FakeVendor {
  readonly #api: FakeApi;
  readonly #world: FakeWorld;
  readonly #tables = new Map<string, ScriptedTable>();
  readonly #tokens = new Map<string, number>();
  #failing = 0;
  /** By what was done to them. */
  readonly faults: Record<string, number> = {};
  requests = 0;

  constructor(api: FakeApi, world: FakeWorld) {
    this.#api = api;
    this.#world = world;
    const options = { ...api.tables, changesUntilMs: world.changesUntilMs };
    for (const path of Object.keys(api.lists)) {
      if (api.sameTable?.[path] !== undefined) continue;
      this.#tables.set(path, new ScriptedTable(world.random, world.clock, options));
    }
  }

  /** The truth behind a list. */
  table(path: string): ScriptedTable {
    const table = this.#tables.get(path);
    if (table === undefined) throw new TypeError(`the fake has no list ${path}`);
    return table;
  }

  readonly transport: Transport = async (request) => {
    this.requests += 1;
    const { url } = request;
    const isToken = `${url.origin}${url.pathname}` === this.#api.token?.url;
    const { origin, origins = [] } = this.#api;
    if (!isToken && ![origin, ...origins].includes(url.origin)) {
      throw new TypeError(`nobody answers at ${url.origin}`);
    }
    const above = Object.keys(this.#api.below ?? {}).find((path) => url.pathname.startsWith(`${path}/`));
    const path = above ?? url.pathname;
    const table = this.#tables.get(this.#api.sameTable?.[path] ?? path);
    if (table === undefined) await this.#pause(request.signal);
    else await table.answer(request.signal);
    const fault = this.#fault();
    if (fault !== undefined) return fault;
    if (isToken) return this.#giveToken(request);
    if (!this.#isKnown(request)) return refusal(401, 'the token is not known');
    const page = this.#page(request, table, above);
    if ('status' in page) return refusal(page.status, page.text);
    const text = page.lines?.map((line) => `${stringifyJson(line)}\n`).join('') ?? stringifyJson(page.body);
    return this.#answer(text, page.headers ?? {});
  };

  #page(
    request: TransportRequest,
    table: ScriptedTable | undefined,
    above: string | undefined,
  ): FakePage | FakeRefusal {
    const { url } = request;
    if (table === undefined) return { status: 404, text: `no ${url.pathname}` };
    if (above !== undefined) {
      const id = url.pathname.slice(above.length + 1).split('/')[0];
      const row = table.visible().find((each) => String(each.id) === id);
      return this.#api.below?.[above]?.(row, url) ?? { status: 404, text: 'nothing is below it' };
    }
    const list = this.#api.lists[url.pathname];
    return (
      list?.(table.visible(), url, table, request, (path) => this.table(path)) ?? {
        status: 404,
        text: `no ${url.pathname}`,
      }
    );
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#world;
    await clock.until(clock.now() + random.between(0, 1000), signal);
  }

  #isKnown(request: TransportRequest): boolean {
    if (this.#api.token === undefined) return this.#api.accepts?.(request) ?? true;
    const token = /^Bearer (.*)$/.exec(request.headers['authorization'] ?? '')?.[1] ?? '';
    return (this.#tokens.get(token) ?? 0) > this.#world.clock.now();
  }

  #giveToken(request: TransportRequest): TransportResponse {
    const { token } = this.#api;
    if (token === undefined || !token.accepts(request)) return refusal(401, 'the client is not known');
    const value = `t${this.#tokens.size}`;
    this.#tokens.set(value, this.#world.clock.now() + token.livesMs);
    return this.#answer(`{"access_token":"${value}","expires_in":${token.livesMs / 1000}}`, {});
  }

  #fault(): TransportResponse | undefined {
    const { random } = this.#world;
    if (this.#failing > 0) {
      this.#failing -= 1;
      return refusal(random.pick([500, 502, 503, 504]), 'try again');
    }
    if (this.#world.isCalm === true || !random.chance(FAULTS)) return undefined;
    const kind = random.pick(['throttled', 'failing', 'reset', 'expired'] as const);
    this.faults[kind] = (this.faults[kind] ?? 0) + 1;
    switch (kind) {
      case 'throttled':
        return refusal(429, 'slow down', this.#slowDown());
      case 'failing':
        this.#failing = random.between(0, 4);
        return refusal(503, 'try again');
      case 'reset':
        throw Object.assign(new Error('other side closed'), { code: 'ECONNRESET' });
      case 'expired':
        this.#expireTokens();
        return undefined;
    }
  }

  /** Long before their time, but not as soon as they were given. */
  #expireTokens(): void {
    const { clock } = this.#world;
    const youngest = clock.now() + (this.#api.token?.livesMs ?? 0) - YOUNG_MS;
    for (const [value, ends] of this.#tokens) if (ends < youngest) this.#tokens.set(value, clock.now());
  }

  /** Every form in which APIs say how long to wait. */
  #slowDown(): Record<string, string> {
    const { clock, random } = this.#world;
    const seconds = random.between(1, 9);
    const until = clock.now() + seconds * 1000;
    return random.pick<Record<string, string>>([
      { 'retry-after': String(seconds) },
      { 'retry-after': new Date(until).toUTCString() },
      { 'retry-after': String(Math.ceil(until / 1000)) },
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(until) },
      {},
    ]);
  }

  /** Sometimes in pieces, and sometimes cut off. */
  #answer(text: string, headers: Readonly<Record<string, string>>): TransportResponse {
    const { random } = this.#world;
    const bytes = Buffer.from(text);
    const isCut = this.#world.isCalm !== true && random.chance(FAULTS / 3);
    if (isCut) this.faults['cut'] = (this.faults['cut'] ?? 0) + 1;
    const end = isCut ? random.between(0, bytes.length - 1) : bytes.length;
    const step = random.pick([7, 100, 10_000]);
    return {
      status: 200,
      headers: { 'content-type': 'application/json', ...headers },
      body: (async function* () {
        for (let at = 0; at < end; at += step) yield bytes.subarray(at, Math.min(at + step, end));
        if (isCut) throw Object.assign(new Error('terminated'), { code: 'UND_ERR_SOCKET' });
      })(),
    };
  }
}

function refusal(status: number, text: string, headers: Record<string, string> = {}): TransportResponse {
  return {
    status,
    headers,
    body: (async function* () {
      yield Buffer.from(text);
    })(),
  };
}

export interface FakeLinkPagesOptions {
  readonly param: string;
  readonly sizeParam: string;
  /** However many rows are asked for, a page has no more. */
  readonly most: number;
  /** The rows that the first request asks for. */
  readonly filter?: (row: TableRow, query: URLSearchParams) => boolean;
}

/** Pages with the header `Link`, whose cursor holds the whole request: other parameters beside it are refused. */
export function fakeLinkPages({
  param,
  sizeParam,
  most,
  filter = () => true,
}: FakeLinkPagesOptions): FakeList {
  return (rows, url) => {
    const cursor = url.searchParams.get(param);
    if (cursor !== null && [...url.searchParams.keys()].length > 1) {
      return { status: 422, text: `${param} cannot be combined with other parameters` };
    }
    const { query, after } = cursor === null ? { query: url.search, after: 0 } : decoded(cursor);
    const parameters = new URLSearchParams(query);
    const size = Math.min(Number(parameters.get(sizeParam) ?? most), most);
    const wanted = rows.filter((row) => row.id > after && filter(row, parameters));
    const page = wanted.slice(0, size);
    const next = new URL(url.pathname, url.origin);
    next.searchParams.set(param, encoded({ query, after: page.at(-1)?.id ?? 0 }));
    const hasMore = wanted.length > size;
    return {
      body: page.map(({ row }) => row),
      headers: hasMore ? { link: `<${url.href}>; rel="self", <${next.href}>; rel="next"` } : {},
    };
  };
}

function encoded(position: JsonObject): string {
  return Buffer.from(stringifyJson(position)).toString('base64url');
}

function decoded(cursor: string): { query: string; after: number } {
  return JSON.parse(Buffer.from(cursor, 'base64url').toString()) as { query: string; after: number };
}
