// What only an account can tell: its custom objects, and which streams its credentials reach.

import { type ApiRequest, get, type JsonValue, type StreamContext, type StreamDefinition } from '@weir/cdk';
import { resultsOf, textOf } from './answers.ts';
import { crmObjects } from './crm-objects.ts';

/** Streams that an account or the scopes of an app may lack, and where that shows. */
const guarded: Readonly<Record<string, readonly string[]>> = {
  '/email/public/v1/events?limit=1': ['email_events'],
  '/marketing/v3/forms?limit=1': ['forms', 'form_submissions'],
  '/crm/v3/lists': ['contact_list_memberships'],
  '/marketing/v3/emails?limit=1': ['marketing_emails'],
  '/marketing/v3/campaigns?limit=1': ['campaigns'],
  '/automation/v3/workflows': ['workflows'],
  '/crm/v3/objects/goal_targets?limit=1': ['goals'],
  '/crm/v3/objects/orders?limit=1': ['orders'],
  '/crm/v3/objects/feedback_submissions?limit=1': ['feedback_submissions'],
};

/** `hasPlainNames`: custom objects are not told by their names, and take the place of others that have the same. */
export async function streamsOfAccount(
  context: StreamContext,
  hasPlainNames: boolean,
  signal: AbortSignal,
): Promise<Readonly<Record<string, StreamDefinition | undefined>>> {
  const streams: Record<string, StreamDefinition | undefined> = {};
  for (const [url, names] of Object.entries(guarded)) {
    const isReached = (await allowed(context, get(url), signal)) !== undefined;
    if (!isReached) for (const name of names) streams[name] = undefined;
  }
  const schemas = (await allowed(context, get('/crm/v3/schemas'), signal)) ?? { results: [] };
  for (const { name, archived } of resultsOf(schemas)) {
    const text = textOf(name);
    if (archived !== true) streams[hasPlainNames ? text : `custom_${text}`] = customObject(text);
  }
  return streams;
}

export function customObject(name: string): StreamDefinition {
  // Some paths know custom objects by this name only.
  const path = `p_${name}`;
  const associated = ['contacts', 'companies', 'deals', 'tickets'];
  return crmObjects({ path, modified: 'hs_lastmodifieddate', associated });
}

/** undefined: the account does not have this, or the credentials lack a scope. */
async function allowed({ client }: StreamContext, request: ApiRequest, signal: AbortSignal) {
  const answers = [{ status: [400, 403, 404], means: 'empty' }] as const;
  return ((await client.json({ ...request, answers }, signal)) ?? undefined) as JsonValue | undefined;
}
