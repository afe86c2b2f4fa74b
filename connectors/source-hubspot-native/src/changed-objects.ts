// Which CRM objects changed in a window of time. The search gives at most 10,000 objects for a query, by numbers of pages that
// shift when an object changes, and its order by time is not to be relied on. So objects are read along their ids, and no page but
// the first of a query is asked for. Engagements cannot be searched: a list of their own tells what changed since a time.

import { errors, type FoundRow, type HttpClient, type Instant, type Span } from '@weir/cdk';
import { resolvePointer } from '@weir/schema';
import type { JsonValue } from '@weir/schema/json';
import { instantOf, nextAfter, resultsOf, textOf } from './answers.ts';

export interface ChangedObjects {
  /** Both bounds are included. */
  readonly find: (
    client: HttpClient,
    from: Instant,
    to: Instant,
    signal: AbortSignal,
  ) => AsyncGenerator<readonly FoundRow[], void, void>;
  readonly longestWindow?: Span;
}

const PAGE = 200;
const ID = 'hs_object_id';

/** `path`: of the objects; `modified`: the property that holds when they changed last, which `updatedAt` may differ from. */
export function searched(path: string, modified = 'hs_lastmodifieddate'): ChangedObjects {
  const url = `/crm/v3/objects/${path}/search`;
  const find: ChangedObjects['find'] = async function* (client, from, to, signal) {
    const [value, highValue] = [String(from.ms), String(to.ms)];
    for (let above: string | undefined = '0'; above !== undefined;) {
      const filters = [
        { propertyName: modified, operator: 'BETWEEN', value, highValue },
        { propertyName: ID, operator: 'GT', value: above },
      ];
      const sorts = [{ propertyName: ID, direction: 'ASCENDING' }];
      const json = { filterGroups: [{ filters }], sorts, properties: [modified], limit: PAGE };
      const answer = await client.json({ method: 'POST', url, body: { json }, isSafe: true }, signal);
      const rows = resultsOf(answer).map((row) => foundRow(row, ['id'], ['properties', modified]));
      for (const { id } of rows) {
        if (BigInt(id) <= BigInt(above)) throw unsorted(path, id, above);
        above = id;
      }
      yield rows;
      if (rows.length === 0 || nextAfter(answer) === undefined) above = undefined;
    }
  };
  return { find, longestWindow: '10m' };
}

/** The list has no order and no end, so that each of several windows would read all that follows it. */
export const engagementsChanged: ChangedObjects = {
  async *find(client, from, to, signal) {
    const url = '/engagements/v1/engagements/modified/after';
    for (let after: JsonValue | undefined = from.ms; after !== undefined;) {
      const answer: JsonValue = await client.json(
        { url, query: { after: textOf(after), limit: 250 } },
        signal,
      );
      const rows = resultsOf(answer).map((row) =>
        foundRow(row, ['engagement', 'id'], ['engagement', 'lastUpdated']),
      );
      yield rows.filter(({ time }) => !time.isAfter(to));
      const hasMore = resolvePointer(answer, ['hasMore']) === true;
      const next = hasMore ? resolvePointer(answer, ['after']) : undefined;
      if (next === after) throw errors.CDK_PAGING_LOOP({ message: `${url} leads to ${textOf(next)} again.` });
      after = next;
    }
  },
};

function foundRow(row: JsonValue, id: readonly string[], changed: readonly string[]): FoundRow {
  const time = instantOf(resolvePointer(row, changed));
  if (time !== undefined) return { id: textOf(resolvePointer(row, id)), time };
  throw errors.CDK_STREAM_DEFECT({ message: `An object of HubSpot has no time at ${changed.join('/')}.` });
}

function unsorted(path: string, id: string, above: string): Error {
  return errors.CDK_ORDER_BROKEN({ message: `The search for ${path} lists the id ${id} behind ${above}.` });
}
