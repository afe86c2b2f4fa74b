// What a user configures. Names and defaults are those of the catalogs in use.

import { checkDbtJob } from '@weir/materialize';
import { networkTunnelField, withoutEmptyTunnel } from '@weir/network-tunnel';
import {
  addressField,
  checkEndpoint,
  credentialsField,
  refusePooler,
  tlsFields,
} from '@weir/postgres/connection';
import {
  choice,
  type ConfigOf,
  configSchema,
  flag,
  optional,
  optionalSection,
  parseFeatureFlags,
  secret,
  section,
  text,
} from '@weir/schema/config';

const schemaId = (name: string) => `https://github.com/estuary/connectors/materialize-postgres/${name}`;

export const endpointConfig = configSchema(
  { id: schemaId('config'), title: 'Postgres Connection' },
  {
    address: addressField(),
    user: text({ title: 'User', description: 'The database user to connect as.', order: 1 }),
    database: optional(
      text({
        title: 'Database',
        description:
          'Name of the database to materialize to; the one of the name of the user if you give none.',
        order: 2,
      }),
    ),
    schema: optional(
      text({
        title: 'Database Schema',
        description: 'The schema of tables whose binding names none, and of the table of checkpoints.',
        default: 'public',
        order: 3,
      }),
    ),
    hardDelete: optional(
      flag({
        title: 'Hard Delete',
        description:
          'Removes a row when its document is deleted in the source. Otherwise the row stays, with _meta/op set to d.',
        default: false,
        order: 4,
      }),
    ),
    credentials: credentialsField(5),
    dbt_job_trigger: optional(
      section(
        {
          title: 'DBT Cloud Job Trigger',
          description: 'Runs a job of dbt Cloud when new data is there.',
          advanced: true,
        },
        {
          job_id: text({ title: 'Job ID', description: 'The job to run.', order: 0 }),
          account_id: text({ title: 'Account ID', description: 'The account of the job.', order: 1 }),
          access_url: optional(
            text({
              title: 'Access URL',
              description: 'Where dbt Cloud is.',
              pattern: '^https://.+$',
              order: 2,
            }),
          ),
          api_key: secret({ title: 'API Key', description: 'A key that may run the job.', order: 3 }),
          cause: optional(
            text({
              title: 'Cause Message',
              description: 'Told to dbt Cloud with each run.',
              default: 'Estuary Flow',
              order: 4,
            }),
          ),
          mode: optional(
            choice(['skip', 'replace', 'ignore'], {
              title: 'Job Trigger Mode',
              description: 'What to do while another run goes on.',
              default: 'skip',
              order: 5,
            }),
          ),
          interval: optional(
            text({
              title: 'Minimum Run Interval',
              description: 'Not more often than this.',
              default: '30m',
              order: 6,
            }),
          ),
        },
      ),
    ),
    advanced: optionalSection(
      {
        title: 'Advanced Options',
        description: 'Options for advanced users. You should not typically need to change these.',
        advanced: true,
      },
      {
        ...tlsFields('prefer, or require if the user is one of a cloud identity'),
        no_flow_document: optional(
          flag({
            title: 'Exclude Flow Document',
            description:
              'Makes the column of the whole document optional. Documents are then put together from the columns of their properties, which have to be materialized.',
            default: false,
          }),
        ),
        feature_flags: optional(
          text({
            title: 'Feature Flags',
            description: 'A comma-separated list of flags, for internal use.',
            nonsensitive: true,
          }),
        ),
      },
    ),
    networkTunnel: networkTunnelField(),
  },
);

export type EndpointConfig = ConfigOf<typeof endpointConfig>;

export const resourceConfig = configSchema(
  { id: schemaId('resource'), title: 'SQL Table' },
  {
    table: text({
      title: 'Table',
      description: 'Name of the table. It is made if it does not exist.',
      order: 0,
      minLength: 1,
      'x-collection-name': true,
    }),
    schema: optional(
      text({
        title: 'Alternative Schema',
        description:
          'The schema of the table, if it is not that of the endpoint. It is made if it does not exist.',
        order: 1,
        'x-schema-name': true,
      }),
    ),
    additional_table_create_sql: optional(
      text({
        title: 'Additional Table Create SQL',
        description:
          'SQL to run in the transaction that makes the table, such as an index. It is not run for tables that are there already.',
        order: 2,
        multiline: true,
      }),
    ),
    delta_updates: optional(
      flag({
        title: 'Delta Updates',
        description: 'Adds a row for every change, instead of keeping one row for each key.',
        default: false,
        order: 3,
        'x-delta-updates': true,
      }),
    ),
  },
);

export type ResourceConfig = ConfigOf<typeof resourceConfig>;

const flagDefaults = {
  allow_existing_tables_for_new_bindings: false,
  retain_existing_data_on_backfill: false,
  always_drop_tables_on_backfill: false,
  /** Dates and times are texts where they are keys. */
  datetime_keys_as_string: true,
  native_binary_column_type: true,
  enum: true,
  jsonb: true,
} as const;

export type Flags = ReturnType<typeof featureFlags>;

export function featureFlags(config: Pick<EndpointConfig, 'advanced'>) {
  return parseFeatureFlags(config.advanced.feature_flags, flagDefaults);
}

/**
 * Old catalogs have the password at the root, beside no credentials. A catalog without a schema means the one that the
 * paths of its tables do not name either, which a default would hide.
 */
export function upgradeConfig(given: Record<string, unknown>): Record<string, unknown> {
  const { password, ...rest } = withoutEmptyTunnel(given);
  const credentials =
    password === undefined || rest['credentials'] !== undefined
      ? {}
      : { credentials: { auth_type: 'UserPassword', password } };
  const schema = rest['schema'] ?? '';
  const trigger = rest['dbt_job_trigger'];
  if (isEmptyForm(trigger)) delete rest['dbt_job_trigger'];
  return { ...rest, ...credentials, schema };
}

/** A form that was opened and left empty, but for its defaults. */
function isEmptyForm(trigger: unknown): boolean {
  if (trigger === null) return true;
  if (typeof trigger !== 'object') return false;
  return ['job_id', 'account_id', 'api_key'].every((name) => {
    const value = (trigger as Record<string, unknown>)[name];
    return value === undefined || value === null || value === '';
  });
}

/** What the schema cannot say. Throws PG_CONFIG_INVALID, MATERIALIZE_DBT_TRIGGER and the errors of tunnels and identities. */
export function checkConfig(config: EndpointConfig): void {
  refusePooler(config.address, 'which keeps no session with its temporary tables');
  checkEndpoint(config);
  if (config.dbt_job_trigger !== undefined) checkDbtJob(config.dbt_job_trigger);
}

/** `[schema, table]`, or `[table]` where neither the binding nor the endpoint names a schema. */
export function resourcePathOf(
  resource: ResourceConfig,
  config: Pick<EndpointConfig, 'schema'>,
): readonly string[] {
  const schema = isBlank(resource.schema) ? config.schema : resource.schema;
  return isBlank(schema) ? [resource.table] : [schema ?? '', resource.table];
}

/** The schema of the table of checkpoints. */
export function endpointSchema({ schema }: Pick<EndpointConfig, 'schema'>): string {
  return isBlank(schema) ? DEFAULT_SCHEMA : (schema ?? DEFAULT_SCHEMA);
}

export const DEFAULT_SCHEMA = 'public';

function isBlank(value: string | undefined): boolean {
  return value === undefined || value === '';
}
