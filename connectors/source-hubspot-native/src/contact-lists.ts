// The lists of contacts that an account has, and who is in them.

import {
  cursor,
  documents,
  errors,
  type HttpClient,
  Instant,
  isJsonObject,
  listedRecords,
  lookingBack,
  nextPage,
  overlapping,
  rawChanges,
} from '@weir/cdk';
import { resolvePointer } from '@weir/schema';
import { type JsonObject, parseJson } from '@weir/schema/json';
import { instantOf, numberOf, resultsOf, textOf } from './answers.ts';

/** Lists may be of other objects. */
const CONTACTS = '0-1';
/** Lists are objects of this kind, and have the properties of it. */
const LISTS = '0-45';
const MODIFIED = 'hs_lastmodifieddate';

/** Nothing filters them by time: each look reads all of them. */
export const contactLists = rawChanges({
  key: ['/listId'],
  interval: '3h',
  fields: {
    '/listId': { type: 'integer' },
    '/updatedAt': { type: 'string', format: 'date-time' },
    '/additionalProperties': { type: 'object' },
  },
  open: ({ client }) =>
    lookingBack({
      lookback: '1h',
      async *fetchSince(from, signal) {
        const answer = await client.json({ url: `/crm/v3/properties/${LISTS}` }, signal);
        const properties = resultsOf(answer).map(({ name }) => textOf(name));
        for await (const lists of listsOf(client, properties, signal))
          yield documents(lists.filter((list) => !from.isAfter(changedAt(list))));
      },
    }),
});

/** A position of the backfill is the id of the last list, as upstream's is. */
export const contactListMemberships = rawChanges({
  key: ['/listId', '/recordId'],
  interval: '3h',
  fields: {
    '/listId': { type: 'integer' },
    '/recordId': { type: 'string' },
    '/membershipTimestamp': { type: 'string', format: 'date-time' },
  },
  open: ({ client }) =>
    lookingBack({
      lookback: '1h',
      async *fetchSince(from, signal) {
        for (const id of await listIds(client, signal)) yield* membersSince(client, id, from, signal);
      },
      async *fetchPage({ page = 0, signal }) {
        for (const id of await listIds(client, signal)) {
          if (id <= Number(page)) continue;
          yield* membersSince(client, id, new Instant(0n), signal);
          yield nextPage(id);
        }
        yield documents([]);
      },
    }),
});

function changedAt({ additionalProperties, updatedAt }: JsonObject): Instant {
  const modified = resolvePointer(additionalProperties ?? null, [MODIFIED]);
  const time = instantOf(numberOf(modified ?? updatedAt));
  if (time !== undefined) return time;
  throw errors.CDK_STREAM_DEFECT({
    message: `A list of HubSpot has no time at ${MODIFIED}, nor an updatedAt.`,
  });
}

/** In their order. All of them before the first is asked for its members, so that no answer stays open meanwhile. */
async function listIds(client: HttpClient, signal: AbortSignal): Promise<readonly number[]> {
  const ids = new Set<number>();
  for await (const lists of listsOf(client, [], signal))
    for (const { listId } of lists) ids.add(Number(listId));
  return [...ids].toSorted((left, right) => left - right);
}

/** In the order of their ids; some more than once. */
async function* listsOf(
  client: HttpClient,
  additionalProperties: string[],
  signal: AbortSignal,
): AsyncGenerator<JsonObject[], void, void> {
  const list = {
    path: '/crm/v3/lists/search',
    method: 'POST',
    body: { json: { sort: 'HS_LIST_ID', additionalProperties } },
    records: 'lists',
    paging: overlapping({ param: 'offset', size: ['count', 500], by: '/listId', more: '/hasMore' }),
  } as const;
  for await (const records of listedRecords(client, list, signal)) {
    const lists = records.map((record) => parseJson(record)).filter(isJsonObject);
    const ofContacts = lists.filter(({ objectTypeId }) => objectTypeId === CONTACTS);
    yield ofContacts.map((each) => ({ ...each, listId: Number(each['listId']) }));
  }
}

/**
 * HubSpot's reference has the oldest members first, and upstream's connector is built on the newest first. So a list is read to its
 * end, unless it has only gone down, and is below what is wanted.
 */
async function* membersSince(client: HttpClient, listId: number, from: Instant, signal: AbortSignal) {
  const list = {
    path: `/crm/v3/lists/${listId}/memberships/join-order`,
    query: { limit: 250 },
    records: 'results',
    paging: cursor({ at: '/paging/next/after', param: 'after' }),
    // A list that is deleted meanwhile.
    answers: [{ status: 404, means: 'empty' }],
  } as const;
  let first: Instant | undefined;
  let last: Instant | undefined;
  let goesUp = false;
  for await (const records of listedRecords(client, list, signal)) {
    const wanted: JsonObject[] = [];
    for (const row of records.map((record) => parseJson(record)).filter(isJsonObject)) {
      const time = instantOf(row['membershipTimestamp']);
      if (time === undefined || !from.isAfter(time))
        wanted.push({ ...row, listId, recordId: textOf(row['recordId']) });
      if (time !== undefined && last !== undefined && time.isAfter(last)) goesUp = true;
      first ??= time;
      last = time ?? last;
    }
    if (wanted.length > 0) yield documents(wanted);
    if (!goesUp && last !== undefined && first?.isAfter(last) === true && from.isAfter(last)) return;
  }
}
