// The search for CRM objects that changed in a window of time. It gives at most 10,000 objects for a query, by numbers of pages
// that shift when an object changes; so no page but the first of a query is asked for: the next query begins at the time of
// the last object. More objects of one millisecond than a page has are read along their ids.

import { errors, type HttpClient, Instant } from '@weir/cdk';
import { getProperty, isJsonObject, type JsonObject } from '@weir/schema/json';
import { type CrmObject, idOf, nextAfter, resultsOf } from './answers.ts';

export interface Found {
  readonly id: string;
  readonly time: Instant;
}

interface Page {
  readonly found: readonly Found[];
  readonly isLast: boolean;
}

const PAGE = 200;
const ID = 'hs_object_id';

export async function* searchChanged(
  client: HttpClient,
  object: CrmObject,
  from: Instant,
  to: Instant,
  signal: AbortSignal,
): AsyncGenerator<readonly Found[], void, void> {
  const { modified } = object;
  let since = from.ms;
  for (;;) {
    const between = {
      propertyName: modified,
      operator: 'BETWEEN',
      value: String(since),
      highValue: String(to.ms),
    };
    const { found, isLast } = await page(client, object, [between], modified, signal);
    assertSorted(object, found);
    yield found;
    const last = found.at(-1)?.time.ms;
    if (isLast || last === undefined) return;
    if (last > since) {
      since = last;
      continue;
    }
    yield* ofOneTime(client, object, since, signal);
    since += 1;
    if (since > to.ms) return;
  }
}

async function* ofOneTime(
  client: HttpClient,
  object: CrmObject,
  timeMs: number,
  signal: AbortSignal,
): AsyncGenerator<readonly Found[], void, void> {
  let above = '0';
  for (;;) {
    const filters = [
      { propertyName: object.modified, operator: 'EQ', value: String(timeMs) },
      { propertyName: ID, operator: 'GT', value: above },
    ];
    const { found, isLast } = await page(client, object, filters, ID, signal);
    yield found;
    const last = found.at(-1)?.id;
    if (isLast || last === undefined) return;
    above = last;
  }
}

async function page(
  client: HttpClient,
  { path, modified }: CrmObject,
  filters: readonly JsonObject[],
  sortBy: string,
  signal: AbortSignal,
): Promise<Page> {
  const json = {
    filterGroups: [{ filters: [...filters] }],
    sorts: [{ propertyName: sortBy, direction: 'ASCENDING' }],
    properties: [modified],
    limit: PAGE,
  };
  const url = `/crm/v3/objects/${path}/search`;
  const answer = await client.json({ method: 'POST', url, body: { json }, isSafe: true }, signal);
  const found = resultsOf(answer).map((row) => ({ id: idOf(row), time: timeOf(row, modified) }));
  return { found, isLast: nextAfter(answer) === undefined };
}

/** By the property that is filtered by; `updatedAt` may be another time. */
function timeOf(row: JsonObject, modified: string): Instant {
  const properties = getProperty(row, 'properties');
  const text = isJsonObject(properties) ? properties[modified] : undefined;
  const time = typeof text === 'string' ? Instant.parse(text) : undefined;
  if (time !== undefined) return time;
  throw errors.CDK_STREAM_DEFECT({ message: `An object of HubSpot has no time at ${modified}.` });
}

function assertSorted({ path }: CrmObject, found: readonly Found[]): void {
  for (const [index, { time }] of found.entries()) {
    const before = found[index - 1]?.time;
    if (before?.isAfter(time) === true) {
      throw errors.CDK_ORDER_BROKEN({
        message: `The search for ${path} lists ${time.toString()} behind ${before.toString()}.`,
      });
    }
  }
}
