// Rows of many lists that HubSpot sorts by time, newest first: submissions of forms, members of lists. That a row came
// changes nothing above it, so each look reads every list from its top down to what has been seen; all have one cursor.

import {
  type ChangesCall,
  cursor,
  Instant,
  documents,
  horizon,
  type HttpClient,
  type ListByTime,
  nextPage,
  occurredAt,
  openDescent,
  type PageCall,
  rawChanges,
  reached,
  type StreamContext,
} from '@weir/cdk';
import { idOf, nextAfter, resultsOf, textOf } from './answers.ts';
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
        yield* newRows(membersOf(list), call, context);
      yield reached(claimed);
    },
    async *fetchPage({ page = 0, ...call }: PageCall<Instant>) {
      for await (const list of contactLists(context.client, call.signal)) {
        if (list <= Number(page)) continue;
        yield* newRows(membersOf(list), { ...call, cursor: context.start }, context);
        yield nextPage(list);
      }
      yield documents([]);
    },
  }),
});

async function* newRows(list: ListByTime, call: ChangesCall<Instant>, context: StreamContext) {
  for await (const event of openDescent(list.path, list, context).fetchChanges(call))
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

function membersOf(listId: number): ListByTime {
  return {
    ...below,
    path: `/crm/v3/lists/${listId}/memberships/join-order`,
    query: { limit: 250 },
    cursor: occurredAt('/membershipTimestamp', { tick: '1ms', lag: '5m' }),
    map: (row) => ({ ...row, listId, recordId: textOf(row['recordId']) }),
  };
}

async function openForms(client: HttpClient, signal: AbortSignal): Promise<readonly string[]> {
  const ids: string[] = [];
  let after: string | undefined;
  do {
    const query = { limit: 100, ...everyKind, after };
    const answer = await client.json({ url: '/marketing/v3/forms', query }, signal);
    for (const form of resultsOf(answer)) if (form['formType'] !== CLOSED) ids.push(idOf(form));
    after = nextAfter(answer);
  } while (after !== undefined);
  return ids;
}
