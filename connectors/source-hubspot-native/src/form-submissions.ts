// Submissions of forms, which HubSpot lists for each form, the newest first. That one came changes nothing of its form: each look
// reads every form from its top down to what has been seen; all have one cursor, in milliseconds as upstream has it.

import {
  type ChangesCall,
  cursor,
  documents,
  horizon,
  type HttpClient,
  Instant,
  isJsonObject,
  type ListByTime,
  listedRecords,
  nextPage,
  occurredAt,
  type PageCall,
  rawChanges,
  reached,
  rowsSince,
  type StreamContext,
} from '@weir/cdk';
import { parseJson } from '@weir/schema/json';
import { textOf } from './answers.ts';

/** So long after its time a submission may be listed. */
const LATE_MS = 5 * 60_000;
const TICK_NS = 1_000_000n;
const paging = cursor({ at: '/paging/next/after', param: 'after' });
/** Without it, forms of other kinds are not listed. */
export const everyKind = { formTypes: 'all' } as const;
/** Forms whose submissions HubSpot refuses to give: 400, FORM_TYPE_NOT_ALLOWED. */
const CLOSED = 'blog_comment';

/** A position of the backfill is the id of the last form, as upstream's is. */
export const formSubmissions = rawChanges({
  key: ['/formId', '/submittedAt'],
  interval: '5m',
  fields: { '/formId': { type: 'string' }, '/submittedAt': { type: 'integer' } },
  open: (context) => ({
    initial: (nowMs: number) => {
      const seen = BigInt(horizon(nowMs, TICK_NS, LATE_MS).ms);
      return { cursor: seen, cutoff: seen };
    },
    async *fetchChanges({ cursor: seen, nowMs, signal }: ChangesCall<bigint>) {
      const claimed = BigInt(horizon(nowMs, TICK_NS, LATE_MS).ms);
      if (claimed <= seen) return;
      for (const form of await openForms(context.client, signal))
        yield* submissionsSince(form, Instant.ofMs(Number(seen)), context, signal);
      yield reached(claimed, true);
    },
    async *fetchPage({ page = '', signal }: PageCall<bigint>) {
      for (const form of await openForms(context.client, signal)) {
        if (form <= textOf(page)) continue;
        yield* submissionsSince(form, new Instant(0n), context, signal);
        yield nextPage(form);
      }
      yield documents([]);
    },
  }),
});

function submissionsSince(formId: string, from: Instant, context: StreamContext, signal: AbortSignal) {
  const list: ListByTime = {
    path: `/form-integrations/v1/submissions/forms/${encodeURIComponent(formId)}`,
    query: { limit: 50 },
    records: 'results',
    paging,
    // A form that is deleted meanwhile.
    answers: [{ status: 404, means: 'empty' }],
    cursor: occurredAt('/submittedAt', { tick: '1ms', lag: '5m', format: 'milliseconds' }),
    map: (row) => ({ ...row, formId }),
  };
  return rowsSince(formId, list, from, context, signal);
}

/** In the order of their ids. */
async function openForms(client: HttpClient, signal: AbortSignal): Promise<readonly string[]> {
  const ids: string[] = [];
  const list = {
    path: '/marketing/v3/forms',
    query: { limit: 100, ...everyKind },
    records: 'results',
    paging,
  };
  for await (const records of listedRecords(client, list, signal)) {
    for (const form of records.map((each) => parseJson(each)).filter(isJsonObject))
      if (form['formType'] !== CLOSED) ids.push(textOf(form['id']));
  }
  return ids.toSorted();
}
