// What only the server knows of the user: the zone that JQL means, and what the user may not read.

import { errors, isJsonObject, type JsonObject, type JsonValue, type StreamContext } from '@weir/cdk';
import { inProjects } from './issues.ts';

/** Streams that need one of these permissions. */
const guarded = [
  ['ADMINISTER EDIT_WORKFLOW SYSTEM_ADMIN', 'issue_custom_field_contexts issue_custom_field_options'],
  ['ADMINISTER', 'application_roles issue_field_configurations issue_navigator_settings project_roles'],
  ['ADMINISTER', 'issue_security_schemes issue_type_schemes issue_type_screen_schemes workflow_schemes'],
  ['ADMINISTER', 'request_types service_desks screen_schemes screen_tab_fields screen_tabs screens'],
  ['USER_PICKER', 'users groups'],
  ['SERVICEDESK_AGENT', 'service_desks request_types'],
].map((names) => names.map((each) => each.split(' ')));

type Asking = Pick<StreamContext, 'client'>;

async function ask(
  { client }: Asking,
  url: string,
  query: Record<string, string | number>,
  signal: AbortSignal,
) {
  const answer = await client.json({ url, query }, signal);
  return isJsonObject(answer) ? answer : {};
}

/** The zone of the user's profile. */
export async function zoneOfUser(asking: Asking, signal: AbortSignal): Promise<string> {
  const { timeZone } = await ask(asking, '/api/3/myself', {}, signal);
  if (typeof timeZone === 'string' && isKnownZone(timeZone)) return timeZone;
  throw errors.CDK_RECORDS_MISSING({
    message: `Jira names no time zone of its user that is known here: ${JSON.stringify(timeZone ?? null)}.`,
  });
}

function isKnownZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** Refused by Jira, with the name, where one of the projects is none. */
export async function assertProjects(
  asking: Asking,
  projects: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (projects.length === 0) return;
  await ask(asking, '/api/3/search/jql', { jql: inProjects(projects), maxResults: 1, fields: 'id' }, signal);
}

export async function unreachableStreams(asking: Asking, signal: AbortSignal): Promise<readonly string[]> {
  // Asking for a permission that this Jira does not have is an error.
  const known = permissionsOf(await ask(asking, '/api/3/permissions', {}, signal));
  const wanted = [...new Set(guarded.flatMap(([permissions = []]) => permissions))].filter(
    (key) => key in known,
  );
  const query = { permissions: wanted.join(',') };
  const own = permissionsOf(await ask(asking, '/api/3/mypermissions', query, signal));
  const has = (key: string): boolean => isGranted(own[key]);
  return guarded.flatMap(([permissions = [], streams = []]) => (permissions.some(has) ? [] : streams));
}

function permissionsOf({ permissions = null }: JsonObject): JsonObject {
  return isJsonObject(permissions) ? permissions : {};
}

function isGranted(permission: JsonValue | undefined): boolean {
  return permission !== undefined && isJsonObject(permission) && permission['havePermission'] === true;
}
