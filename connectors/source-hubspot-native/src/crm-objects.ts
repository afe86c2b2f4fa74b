// One kind of CRM object. Its search finds what changed, at times much later; the list of all objects is the backfill. Both give
// ids alone: the objects themselves are read by batches, with every property that the account has, and what they are
// associated with. So an object is the same document whichever way it was found.

import {
  type ChangesCall,
  type ChangeStream,
  documents,
  type DocumentBatch,
  horizon,
  Instant,
  nextPage,
  type PageCall,
  rawChanges,
  reached,
  type StreamContext,
} from '@weir/cdk';
import { getProperty, isJsonObject, type JsonObject, type JsonValue } from '@weir/schema/json';
import { type CrmObject, idOf, nextAfter, resultsOf, textOf } from './answers.ts';
import { searchChanged } from './search.ts';

/** The search may show an object so much later than it changed. */
const LATE_MS = 60 * 60_000;
const TICK_NS = 1_000_000n;
const PAGE = 100;
/** Of objects that are read at once, without the history of their properties and with it. */
const BATCH = { plain: 100, historic: 50 } as const;

export function crmObjects(object: CrmObject) {
  return rawChanges({
    key: ['/id'],
    interval: '5m',
    fields: { '/id': { type: 'string' }, '/updatedAt': { type: 'string', format: 'date-time' } },
    open: (context) => changesOf(object, new CrmReader(object, context), context),
  });
}

/**
 * Every look reads what changed since what has been claimed, an hour ago, up to now. So what the search shows soon is sent
 * soon, and what it shows late is found by a later look; what was sent already is left out.
 */
function changesOf(
  object: CrmObject,
  reader: CrmReader,
  { client, start }: StreamContext,
): ChangeStream<Instant> {
  const sent = new Map<string, bigint>();
  return {
    lagMs: LATE_MS + 2,
    initial: (nowMs: number) => {
      const cutoff = horizon(nowMs, TICK_NS, LATE_MS);
      return { cursor: cutoff, cutoff };
    },
    async *fetchChanges({ cursor, nowMs, signal }: ChangesCall<Instant>) {
      const claimed = horizon(nowMs, TICK_NS, LATE_MS);
      if (!claimed.isAfter(cursor)) return;
      for await (const found of searchChanged(client, object, cursor, Instant.ofMs(nowMs), signal)) {
        const fresh = found.filter(({ id, time }) => sent.get(id) !== time.nanoseconds);
        yield* reader.read(
          fresh.map(({ id }) => id),
          signal,
        );
        for (const { id, time } of fresh) sent.set(id, time.nanoseconds);
      }
      yield reached(claimed);
      for (const [id, time] of sent) if (time < claimed.nanoseconds) sent.delete(id);
    },
    async *fetchPage({ page, signal }: PageCall<Instant>) {
      const query = { limit: PAGE, ...(typeof page === 'string' ? { after: page } : {}) };
      const answer = await client.json({ url: `/crm/v3/objects/${object.path}`, query }, signal);
      const rows = resultsOf(answer).filter((row) => !isOlder(row, start));
      yield* reader.read(rows.map(idOf), signal);
      const next = nextAfter(answer);
      yield next === undefined ? documents([]) : nextPage(next);
    },
  };
}

function isOlder(row: JsonObject, start: Instant): boolean {
  const time = Instant.parse(textOf(row['updatedAt']));
  return time !== undefined && start.isAfter(time);
}

class CrmReader {
  readonly #object: CrmObject;
  readonly #context: StreamContext;
  #properties: Promise<readonly string[]> | undefined;

  constructor(object: CrmObject, context: StreamContext) {
    this.#object = object;
    this.#context = context;
  }

  /** The objects as they are now. One that is gone meanwhile is left out. */
  async *read(ids: readonly string[], signal: AbortSignal): AsyncGenerator<DocumentBatch, void, void> {
    const { config } = this.#context;
    const isHistoric =
      config !== undefined && 'capturePropertyHistory' in config && config.capturePropertyHistory === true;
    const size = isHistoric ? BATCH.historic : BATCH.plain;
    for (let at = 0; at < ids.length; at += size) {
      const inputs = ids.slice(at, at + size).map((id) => ({ id }));
      const { path, associated } = this.#object;
      const properties = [...(await this.#names(signal))];
      const history = isHistoric ? { propertiesWithHistory: properties } : {};
      const answer = await this.#ask(
        `/crm/v3/objects/${path}/batch/read`,
        { properties, ...history, inputs },
        signal,
      );
      const linked: [string, ReadonlyMap<string, JsonValue[]>][] = [];
      for (const other of associated) {
        const url = `/crm/v4/associations/${path}/${other}/batch/read`;
        linked.push([other, linksOf(await this.#ask(url, { inputs }, signal))]);
      }
      yield documents(
        resultsOf(answer).map((row) => ({
          ...row,
          associations: Object.fromEntries(
            linked.map(([other, links]) => [other, links.get(idOf(row)) ?? []]),
          ),
        })),
      );
    }
  }

  /** Of all properties; asked for once in a session. */
  #names(signal: AbortSignal): Promise<readonly string[]> {
    this.#properties ??= this.#context.client
      .json({ url: `/crm/v3/properties/${this.#object.path}` }, signal)
      .then((answer) => resultsOf(answer).map(({ name }) => textOf(name)))
      .catch((error: unknown) => {
        this.#properties = undefined;
        throw error;
      });
    return this.#properties;
  }

  async #ask(url: string, json: JsonObject, signal: AbortSignal): Promise<JsonValue> {
    return await this.#context.client.json({ method: 'POST', url, body: { json }, isSafe: true }, signal);
  }
}

function linksOf(answer: JsonValue): ReadonlyMap<string, JsonValue[]> {
  return new Map(
    resultsOf(answer).map((row) => {
      const from = getProperty(row, 'from');
      const to = getProperty(row, 'to');
      const ids = Array.isArray(to) ? to.filter(isJsonObject).map((link) => textOf(link['toObjectId'])) : [];
      return [isJsonObject(from) ? idOf(from) : '', ids.toSorted((a, b) => Number(a) - Number(b))];
    }),
  );
}
