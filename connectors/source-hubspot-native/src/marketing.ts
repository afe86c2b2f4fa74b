// What HubSpot's marketing has: its e-mails and its campaigns.

import {
  cursor,
  documents,
  type FoundRow,
  type HttpClient,
  Instant,
  isJsonObject,
  listedRecords,
  lookingBack,
  rawChanges,
  rowsSince,
  type StreamContext,
  twoLooks,
  updatedAt,
} from '@weir/cdk';
import { type JsonObject, parseJson } from '@weir/schema/json';
import { instantOf, resultsOf, textOf } from './answers.ts';

const paging = cursor({ at: '/paging/next/after', param: 'after' });
const ofUpdates = {
  key: ['/id'],
  interval: '5m',
  fields: { '/id': { type: 'string' }, '/updatedAt': { type: 'string', format: 'date-time' } },
} as const;

/** HubSpot fails at times before it. */
const FIRST = Instant.ofMs(1001);

interface FoundEmail extends FoundRow {
  readonly email: JsonObject;
}

/** Without numbers of what became of them all e-mails are listed, with them some are left out. */
const kindsOfEmails = ['false', 'true'].flatMap((archived) =>
  ['true', 'false'].map((includeStats) => ({ archived, includeStats })),
);

export const marketingEmails = rawChanges({
  ...ofUpdates,
  open: ({ client }) => {
    const find = async function* (from: Instant, to: Instant, signal: AbortSignal) {
      const seen = new Set<string>();
      for (const kind of kindsOfEmails) {
        for await (const emails of emailsBetween(client, kind, from, to, signal)) {
          yield emails.filter(({ id }) => !seen.has(id));
          for (const { id } of emails) seen.add(id);
        }
      }
    };
    const read = async function* (emails: readonly FoundEmail[]) {
      yield documents(emails.map(({ email }) => email));
    };
    return twoLooks({
      soon: '5m',
      late: '1h',
      lookbackAs: 'delayed',
      find,
      read,
      async *fetchPage({ cutoff, signal }) {
        for await (const emails of find(FIRST, cutoff, signal)) yield* read(emails);
      },
    });
  },
});

/** Both bounds of the filter are excluded. */
async function* emailsBetween(
  client: HttpClient,
  kind: (typeof kindsOfEmails)[number],
  from: Instant,
  to: Instant,
  signal: AbortSignal,
): AsyncGenerator<FoundEmail[], void, void> {
  const bounds = { updatedAfter: from.plusMs(-1).toText(3), updatedBefore: to.plusMs(1).toText(3) };
  const query = { limit: 300, sort: 'updatedAt', ...bounds, ...kind };
  const list = { path: '/marketing/v3/emails', query, records: 'results', paging };
  for await (const records of listedRecords(client, list, signal)) {
    const emails = records.map((record) => parseJson(record)).filter(isJsonObject);
    yield emails.flatMap((email) => {
      const time = instantOf(email['updatedAt']);
      return time === undefined ? [] : [{ id: textOf(email['id']), time, email }];
    });
  }
}

/** Of HubSpot's own properties of campaigns, the list gives these alone, and refuses to be asked for others. */
const readable: ReadonlySet<string> = new Set(
  (
    'hs_start_date hs_end_date hs_color_hex hs_notes hs_audience hs_goal hs_owner hs_currency_code ' +
    'hs_created_by_user_id hs_campaign_status hs_object_id hs_name hs_utm hs_budget_items_sum_amount hs_spend_items_sum_amount'
  ).split(' '),
);

export const campaigns = rawChanges({
  ...ofUpdates,
  open: (context) =>
    lookingBack({ lookback: '1h', fetchSince: (from, signal) => campaignsSince(context, from, signal) }),
});

async function* campaignsSince(context: StreamContext, from: Instant, signal: AbortSignal) {
  const answer = await context.client.json({ url: '/crm/v3/properties/campaign' }, signal);
  const names = resultsOf(answer).map(({ name }) => textOf(name));
  const properties = names.filter((name) => readable.has(name) || !/^(hs|hubspot)_/.test(name)).join();
  const list = {
    path: '/marketing/v3/campaigns',
    query: { limit: 100, sort: '-updatedAt', properties },
    records: 'results',
    paging,
    cursor: updatedAt('/updatedAt', { tick: '1ms', lag: '1s' }),
  };
  yield* rowsSince(list.path, list, from, context, signal);
}
