// The lists of contacts that an account has, and who is in them. Lists are listed by offsets, which shift when one is deleted. So
// pages overlap: one that does not begin with what was seen has left something out, and what is above it is read again.

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
  rawChanges,
} from '@weir/cdk';
import { resolvePointer } from '@weir/schema';
import { type JsonObject, parseJson } from '@weir/schema/json';
import { instantOf, numberOf, resultsOf, textOf } from './answers.ts';

const PAGE = 500;
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
        for await (const lists of listsOf(client, [], signal))
          for (const { listId } of lists) yield* membersSince(client, Number(listId), from, signal);
      },
      async *fetchPage({ page = 0, signal }) {
        for await (const lists of listsOf(client, [], signal)) {
          for (const id of lists.map(({ listId }) => Number(listId)).filter((each) => each > Number(page))) {
            yield* membersSince(client, id, new Instant(0n), signal);
            yield nextPage(id);
          }
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

/** In the order of their ids. */
async function* listsOf(
  client: HttpClient,
  additionalProperties: string[],
  signal: AbortSignal,
): AsyncGenerator<JsonObject[], void, void> {
  let offset = 0;
  let last = 0;
  for (;;) {
    const json = { count: PAGE, offset, sort: 'HS_LIST_ID', additionalProperties };
    const request = { method: 'POST', url: '/crm/v3/lists/search', body: { json }, isSafe: true } as const;
    const answer = await client.json(request, signal);
    const lists = resultsOf(answer, 'lists').map((list) => ({ ...list, listId: Number(list['listId']) }));
    assertSorted(lists.map(({ listId }) => listId));
    if (offset > 0 && (lists[0]?.listId ?? Infinity) > last) {
      offset = Math.max(0, offset - PAGE);
      continue;
    }
    yield lists.filter(
      (list: JsonObject) => Number(list['listId']) > last && list['objectTypeId'] === CONTACTS,
    );
    last = Math.max(last, lists.at(-1)?.listId ?? 0);
    if (resolvePointer(answer, ['hasMore']) !== true) return;
    if (lists.length < 2) {
      throw errors.CDK_PAGING_LOOP({ message: 'The search for lists has a page that leads nowhere.' });
    }
    offset += lists.length - 1;
  }
}

function assertSorted(ids: readonly number[]): void {
  const at = ids.findIndex((id, index) => !(id > (ids[index - 1] ?? 0)));
  if (at === -1) return;
  throw errors.CDK_ORDER_BROKEN({ message: `The search for lists has ${ids[at]} behind ${ids[at - 1]}.` });
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
