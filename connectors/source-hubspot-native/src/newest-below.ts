// Rows of many lists that HubSpot sorts by time: submissions of forms, members of lists. That a row came changes nothing above
// it, so each look reads every list, those that have the newest first from their top down to what has been seen; all have one cursor.

import {
  type ChangesCall,
  cursor,
  Instant,
  documents,
  horizon,
  type HttpClient,
  isJsonObject,
  type ListByTime,
  listedRecords,
  nextPage,
  occurredAt,
  openDescent,
  type PageCall,
  rawChanges,
  reached,
  type StreamContext,
} from '@weir/cdk';
import { type JsonObject, parseJson } from '@weir/schema/json';
import { idOf, textOf } from './answers.ts';
import { contactLists } from './contact-lists.ts';

/** So long after its time a row may be listed. Members are asked for seldom, and so may be read again for longer. */
const LATE_MS = { submissions: 5 * 60_000, members: 60 * 60_000 } as const;
const TICK_NS = 1_000_000n;
/** Where a form or a list is deleted meanwhile, there is nothing below it. */
const below = {
  records: 'results',
  paging: cursor({ at: '/paging/next/after', param: 'after' }),
  answers: [{ status: 404, means: 'empty' }],
} as const;
/** Without it, forms of other kinds are not listed. */
export const everyKind = { formTypes: 'all' } as const;
/** Forms whose submissions HubSpot refuses to give: 400, FORM_TYPE_NOT_ALLOWED. */
const CLOSED = 'blog_comment';

/** The cursor is upstream's, in milliseconds; nor has upstream a backfill beside it. */
export const formSubmissions = rawChanges({
  key: ['/formId', '/submittedAt'],
  interval: '5m',
  fields: { '/formId': { type: 'string' }, '/submittedAt': { type: 'integer' } },
  open: (context) => ({
    initial: () => ({ cursor: BigInt(Math.max(0, context.start.ms)) }),
    async *fetchChanges(call: ChangesCall<bigint>) {
      const claimed = horizon(call.nowMs, TICK_NS, LATE_MS.submissions);
      if (BigInt(claimed.ms) <= call.cursor) return;
      const seen = { ...call, cursor: Instant.ofMs(Number(call.cursor)) };
      for (const form of await openForms(context.client, call.signal))
        yield* newRows(submissionsOf(form), seen, context);
      yield reached(BigInt(claimed.ms));
    },
  }),
});

/** A position of the backfill is the id of the last list, as upstream's is. */
export const contactListMemberships = rawChanges({
  key: ['/listId', '/recordId'],
  interval: '3h',
  fields: { '/listId': { type: 'integer' }, '/recordId': { type: 'string' } },
  open: (context) => ({
    lagMs: LATE_MS.members + 2,
    initial: (nowMs: number) => {
      const cutoff = horizon(nowMs, TICK_NS, LATE_MS.members);
      return { cursor: cutoff, cutoff };
    },
    async *fetchChanges(call: ChangesCall<Instant>) {
      const claimed = horizon(call.nowMs, TICK_NS, LATE_MS.members);
      if (!claimed.isAfter(call.cursor)) return;
      for await (const list of contactLists(context.client, call.signal))
        yield* membersSince(list, call.cursor, context, call.signal);
      yield reached(claimed);
    },
    async *fetchPage({ page = 0, signal }: PageCall<Instant>) {
      for await (const list of contactLists(context.client, signal)) {
        if (list <= Number(page)) continue;
        yield* membersSince(list, context.start, context, signal);
        yield nextPage(list);
      }
      yield documents([]);
    },
  }),
});

async function* newRows(list: ListByTime, call: ChangesCall<Instant>, context: StreamContext) {
  for await (const event of openDescent('form_submissions', list, context).fetchChanges(call))
    if (event.kind === 'documents') yield event;
}

function submissionsOf(formId: string): ListByTime {
  return {
    ...below,
    path: `/form-integrations/v1/submissions/forms/${encodeURIComponent(formId)}`,
    query: { limit: 50 },
    cursor: occurredAt('/submittedAt', { tick: '1ms', lag: '5m', format: 'milliseconds' }),
    map: (row) => ({ ...row, formId }),
  };
}

/**
 * HubSpot's reference has the oldest members first, and upstream's connector is built on the newest first. So a list is read to its
 * end, unless it has only gone down, and is below what is wanted.
 */
async function* membersSince(
  listId: number,
  oldest: Instant,
  { client }: StreamContext,
  signal: AbortSignal,
) {
  const path = `/crm/v3/lists/${listId}/memberships/join-order`;
  let first: Instant | undefined;
  let last: Instant | undefined;
  let goesUp = false;
  for await (const records of listedRecords(client, { ...below, path, query: { limit: 250 } }, signal)) {
    const wanted: JsonObject[] = [];
    for (const record of records) {
      const row = parseJson(record);
      if (!isJsonObject(row)) continue;
      const time = Instant.parse(textOf(row['membershipTimestamp']));
      if (time === undefined || !oldest.isAfter(time))
        wanted.push({ ...row, listId, recordId: textOf(row['recordId']) });
      if (time !== undefined && last !== undefined && time.isAfter(last)) goesUp = true;
      first ??= time;
      last = time ?? last;
    }
    if (wanted.length > 0) yield documents(wanted);
    if (!goesUp && last !== undefined && first?.isAfter(last) === true && oldest.isAfter(last)) return;
  }
}

async function openForms(client: HttpClient, signal: AbortSignal): Promise<readonly string[]> {
  const ids: string[] = [];
  const list = { path: '/marketing/v3/forms', records: 'results', paging: below.paging };
  for await (const forms of listedRecords(client, { ...list, query: { limit: 100, ...everyKind } }, signal)) {
    for (const form of forms.map((each) => parseJson(each)))
      if (isJsonObject(form) && form['formType'] !== CLOSED) ids.push(idOf(form));
  }
  return ids;
}
