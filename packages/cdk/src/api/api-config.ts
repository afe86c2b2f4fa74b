// The configuration of a connector of an API, in the form that upstream's have: `credentials`, `start_date`, then what is
// the connector's own.

import { choice, type ConfigOf, configSchema, list, optional, text } from '@weir/schema';
import { branch, type Field, type Fields, oneOfWith, section } from '@weir/schema/config';
import type { AuthKind, CredentialValues } from '../auth/auth-kind.ts';
import { webhookPortField } from '../webhook/webhook-config.ts';
import { errors } from '../errors.ts';
import type { ApiDefinition, Sites } from './define-api.ts';

/** What every configuration has; the fields of the connector beside it. Where the user lists sites, each has credentials. */
export interface ApiConfig {
  readonly credentials: CredentialValues;
  readonly start_date?: string | undefined;
  readonly webhook_port?: number | undefined;
}

const AUTHENTICATION = {
  title: 'Authentication',
  description: 'How the connector signs in.',
  order: 0,
} as const;

export function apiConfigSchema({
  name,
  title,
  config,
  auth,
  sites,
  start,
  streams,
}: ApiDefinition): Field<ApiConfig> {
  const fields: Fields = {
    ...(sites === undefined
      ? { credentials: credentialsField(auth) }
      : { [sites.list]: sitesField(sites, credentialsField(auth)) }),
    ...(start === undefined ? {} : { start_date: startField(start.daysAgo) }),
    ...config,
    ...(Object.values(streams).some(({ kind }) => kind === 'webhook')
      ? { webhook_port: webhookPortField }
      : {}),
  };
  const id = `https://github.com/estuary/connectors/${name}/config`;
  return configSchema({ id, title }, fields) as unknown as Field<ApiConfig>;
}

function sitesField({ name, info, nameInfo }: Sites, credentials: Field<unknown>): Field<unknown> {
  const { title, description } = nameInfo;
  const site = section(
    { title, description, order: 0 },
    {
      [name]: text({ ...nameInfo, minLength: 1, order: 0 }),
      credentials: { ...credentials, order: 1 } as Field<unknown>,
    },
  );
  return list(site, { ...info, order: 0, minItems: 1 });
}

/** The configuration of each site by its name; that of the only one, which has none, otherwise. */
export function siteConfigs({ sites }: ApiDefinition, config: ApiConfig): ReadonlyMap<string, ApiConfig> {
  if (sites === undefined) return new Map([['', config]]);
  const listed = (config as unknown as Readonly<Record<string, readonly ApiConfig[]>>)[sites.list] ?? [];
  const named = new Map<string, ApiConfig>();
  for (const site of listed) {
    const name = String((site as unknown as Readonly<Record<string, unknown>>)[sites.name]);
    if (named.has(name)) {
      throw errors.CDK_CREDENTIALS_INVALID({
        message: `The configuration has ${JSON.stringify(name)} twice in /${sites.list}, each with credentials.`,
      });
    }
    named.set(name, { ...config, ...site });
  }
  return named;
}

/** One way to sign in is an object; several are told apart by their titles. */
function credentialsField(kinds: ApiDefinition['auth']): Field<unknown> {
  const [only, ...others] = kinds;
  if (others.length > 0) {
    return oneOfWith(
      'credentials_title',
      AUTHENTICATION,
      kinds.map((kind) => branch(kind.title, { title: kind.title, ...oauthButton(kind) }, kind.fields)),
    );
  }
  const chosen = choice([only.title], {
    title: 'Credentials Title',
    description: 'The kind of credentials; there is one.',
    default: only.title,
    order: 0,
    nonsensitive: true,
  });
  return section(
    { ...AUTHENTICATION, ...oauthButton(only) },
    { credentials_title: optional(chosen), ...only.fields },
  );
}

/** What switches on the button of the user interface that signs in at the provider. */
function oauthButton({ oauth2 }: AuthKind): { readonly 'x-oauth2-provider'?: string } {
  return oauth2 === undefined ? {} : { 'x-oauth2-provider': oauth2.provider };
}

function startField(daysAgo: number): Field<unknown> {
  return optional(
    text({
      title: 'Start Date',
      description: `Rows that were last updated before this time are not captured. ${daysAgo} days before a backfill begins if it is empty.`,
      format: 'date-time',
      order: 5,
    }),
  );
}

/** The way to sign in that a configuration has chosen. */
export function chosenAuth({ auth }: ApiDefinition, credentials: CredentialValues): AuthKind {
  return auth.find(({ title }) => title === credentials['credentials_title']) ?? auth[0];
}

/** The configuration of a binding. */
export function apiResourceSchema(name: string) {
  return configSchema(
    { id: `https://github.com/estuary/connectors/${name}/resource`, title: 'Resource Config' },
    {
      name: text({ title: 'Name', description: 'The name of the stream.', order: 0 }),
      interval: optional(
        text({
          title: 'Interval',
          description:
            'How long to wait between two looks for changes, as an ISO 8601 duration such as PT5M. As the stream is discovered if it is empty.',
          format: 'duration',
          order: 1,
        }),
      ),
      schedule: optional(
        text({
          title: 'Backfill Schedule',
          description:
            'When to backfill the stream again, as five fields of cron in UTC such as 55 23 * * *. Never if it is empty.',
          order: 2,
        }),
      ),
    },
    // Written by Flow's user interface.
    { _meta: anything },
  );
}

/** A field that takes any object. */
const anything = {
  ...optional(text({ title: '', description: '' })),
  type: 'object',
  additionalProperties: {},
} as unknown as Field<unknown, 'optional'>;

export type ApiResource = Omit<ConfigOf<ReturnType<typeof apiResourceSchema>>, '_meta'>;
