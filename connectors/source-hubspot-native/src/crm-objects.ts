// One kind of CRM object. What changed is found by a search that shows a change late; the list of all objects is the backfill.
// Both give ids alone, by which the objects are read.

import {
  documents,
  nextPage,
  type PageCall,
  type PageEvent,
  rawChanges,
  type Instant,
  type StreamContext,
  twoLooks,
} from '@weir/cdk';
import { nextAfter, resultsOf, textOf } from './answers.ts';
import { type ChangedObjects, searched } from './changed-objects.ts';
import { CrmReader } from './crm-reader.ts';
import { crmFields, crmSourcedSchema } from './crm-schema.ts';

const PAGE = 100;

/** `path`: of the objects; `associated`: kinds of objects whose ids belong into their documents. */
export function crmObjects(
  path: string,
  associated: readonly string[],
  { find, longestWindow }: ChangedObjects = searched(path),
) {
  return rawChanges({
    key: ['/id'],
    interval: '5m',
    // As upstream proposes it.
    proposedSchedule: '55 23 * * *',
    reduction: 'merge',
    fields: crmFields(associated),
    sourcedSchema: async ({ client }, signal) =>
      crmSourcedSchema(resultsOf(await client.json({ url: `/crm/v3/properties/${path}` }, signal))),
    open: (context) => {
      const reader = new CrmReader(path, associated, context);
      return twoLooks({
        soon: '5m',
        late: '1h',
        lookbackAs: 'delayed',
        ...(longestWindow === undefined ? {} : { longestWindow }),
        find: (from, to, signal) => find(context.client, from, to, signal),
        read: (rows, signal) =>
          reader.read(
            rows.map(({ id }) => id),
            signal,
          ),
        fetchPage: (call) => listed(path, reader, context, call),
      });
    },
  });
}

/** A backfill that the schedule has begun is for calculated properties, which change without a change of their object. */
async function* listed(
  path: string,
  reader: CrmReader,
  { client }: StreamContext,
  { page, isConnectorInitiated, signal }: PageCall<Instant>,
): AsyncGenerator<PageEvent, void, void> {
  const query = { limit: PAGE, ...(page === undefined ? {} : { after: textOf(page) }) };
  const answer = await client.json({ url: `/crm/v3/objects/${path}`, query }, signal);
  const ids = resultsOf(answer).map(({ id }) => textOf(id));
  yield* isConnectorInitiated ? reader.readCalculated(ids, signal) : reader.read(ids, signal);
  const next = nextAfter(answer);
  yield next === undefined ? documents([]) : nextPage(next);
}
