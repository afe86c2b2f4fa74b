// What only an account can tell: its custom objects, and which streams its credentials reach.

import {
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

/** Streams that an account or the scopes of an app may lack, and where that shows. */
const guarded: Readonly<Record<string, readonly string[]>> = {
  '/email/public/v1/events?limit=1': ['email_events'],
  '/marketing/v3/forms?limit=1': ['forms', 'form_submissions'],
  '/crm/v3/lists': ['contact_lists', 'contact_list_memberships'],
  '/marketing/v3/emails?limit=1': ['marketing_emails'],
  '/marketing/v3/campaigns?limit=1': ['campaigns'],
  '/marketing/v3/marketing-events?limit=1': ['marketing_events', 'marketing_event_participants'],
  '/automation/v3/workflows': ['workflows'],
  '/crm/v3/objects/goal_targets?limit=1': ['goals'],
  '/crm/v3/objects/leads?limit=1': ['leads'],
  '/crm/v3/objects/orders?limit=1': ['orders'],
  '/crm/v3/objects/feedback_submissions?limit=1': ['feedback_submissions'],
};

/** `hasPlainNames`: custom objects are not told by their names, and take the place of others that have the same. */
export async function streamsOfAccount(
  context: StreamContext,
  { hasPlainNames, isSession }: { readonly hasPlainNames: boolean; readonly isSession: boolean },
  signal: AbortSignal,
): Promise<Readonly<Record<string, StreamDefinition | undefined>>> {
  const streams: Record<string, StreamDefinition | undefined> = {};
  for (const [url, names] of Object.entries(isSession ? {} : guarded)) {
    const isReached = (await allowed(context, get(url), signal)) !== undefined;
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

/** How HubSpot says that an account does not have this, or that the credentials lack a scope. */
const SCOPES = /MISSING_SCOPES|all required scopes|missing required '.+' scope|not have proper permissions/;

async function allowed({ client }: StreamContext, request: ApiRequest, signal: AbortSignal) {
  const answers = [{ status: 403, text: SCOPES, means: 'empty' }] as const;
  return ((await client.json({ ...request, answers }, signal)) ?? undefined) as JsonValue | undefined;
}
