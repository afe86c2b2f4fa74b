// What only an account can tell: its custom objects, and which streams its credentials reach.

import {
  type AnswerRule,
  type ApiRequest,
  documents,
  get,
  type JsonValue,
  rawSnapshot,
  type StreamContext,
  type StreamDefinition,
} from '@weir/cdk';
import { resultsOf, textOf } from './answers.ts';
import { crmObjects } from './crm-objects.ts';

const one = { limit: 1 };
const oneOf = (kind: string): ApiRequest => get(`/crm/v3/objects/${kind}`, one);
const list = { json: { count: 1, offset: 0 } };

/** Streams that an account or the scopes of an app may lack, and where that shows. */
const guarded: readonly { readonly asks: ApiRequest; readonly streams: readonly string[] }[] = [
  { asks: get('/email/public/v1/events', one), streams: ['email_events'] },
  { asks: get('/marketing/v3/forms', one), streams: ['forms', 'form_submissions'] },
  {
    asks: { method: 'POST', url: '/crm/v3/lists/search', body: list, isSafe: true },
    streams: ['contact_lists', 'contact_list_memberships'],
  },
  { asks: get('/marketing/v3/emails', one), streams: ['marketing_emails'] },
  { asks: get('/marketing/v3/campaigns', one), streams: ['campaigns'] },
  {
    asks: get('/marketing/v3/marketing-events', one),
    streams: ['marketing_events', 'marketing_event_participants'],
  },
  { asks: get('/automation/v3/workflows'), streams: ['workflows'] },
  { asks: oneOf('goal_targets'), streams: ['goals'] },
  { asks: oneOf('leads'), streams: ['leads'] },
  { asks: oneOf('orders'), streams: ['orders'] },
  { asks: oneOf('feedback_submissions'), streams: ['feedback_submissions'] },
];

/** How HubSpot says that the credentials lack a scope, and that an account does not have a kind of objects. */
const lacking: readonly AnswerRule[] = [
  {
    status: 403,
    text: /MISSING_SCOPES|all required scopes|missing required '.+' scope|not have proper permissions/,
    means: 'empty',
  },
  { status: 400, text: /infer object type/, means: 'empty' },
];

/** `hasPlainNames`: custom objects are not told by their names, and take the place of others that have the same. */
export async function streamsOfAccount(
  context: StreamContext,
  { hasPlainNames, isSession }: { readonly hasPlainNames: boolean; readonly isSession: boolean },
  signal: AbortSignal,
): Promise<Readonly<Record<string, StreamDefinition | undefined>>> {
  const streams: Record<string, StreamDefinition | undefined> = {};
  for (const { asks, streams: names } of isSession ? [] : guarded) {
    const isReached = (await allowed(context, asks, signal)) !== undefined;
    if (!isReached) for (const name of names) streams[name] = undefined;
  }
  const schemas = (await allowed(context, get('/crm/v3/schemas'), signal)) ?? { results: [] };
  const custom = resultsOf(schemas).filter(({ archived }) => archived !== true);
  const names = custom.map(({ name }) => textOf(name));
  for (const name of names) streams[hasPlainNames ? name : `custom_${name}`] = customObject(name);
  streams['properties'] ??= propertiesOf(names.map(pathOf));
  return streams;
}

/** Some paths know custom objects by this name only. */
const pathOf = (name: string): string => `p_${name}`;

export function customObject(name: string): StreamDefinition {
  return crmObjects(pathOf(name), ['contacts', 'companies', 'deals', 'tickets']);
}

/** The properties that objects of these kinds have. */
export function propertiesOf(custom: readonly string[]): StreamDefinition {
  const kinds = ['companies', 'contacts', 'deals', 'engagements', 'tickets', ...custom.toSorted()];
  return rawSnapshot({
    interval: '1d',
    open: ({ client }) => ({
      tombstone: { type: '' },
      async *fetchSnapshot({ signal }) {
        for (const kind of kinds) {
          const properties = resultsOf(await client.json(get(`/crm/v3/properties/${kind}`), signal));
          const sorted = properties.toSorted((a, b) => (textOf(a['name']) < textOf(b['name']) ? -1 : 1));
          yield documents(sorted.map((property) => ({ ...property, hubspotObject: kind })));
        }
      },
    }),
  });
}

async function allowed({ client }: StreamContext, request: ApiRequest, signal: AbortSignal) {
  const answer = await client.json({ ...request, answers: lacking }, signal);
  return (answer ?? undefined) as JsonValue | undefined;
}
