// The endpoint and resource configurations. Names, defaults and order are those of the catalogs in use; a value that
// cannot work is refused (see `checkConfig`), never ignored.

import {
  choice,
  type ConfigOf,
  configSchema,
  flag,
  optional,
  optionalSection,
  secret,
  section,
  text,
} from '@weir/schema/config';
import { networkTunnelField } from '@weir/network-tunnel';

const schemaId = (name: string) => `https://github.com/estuary/connectors/materialize-mysql/${name}`;

export const sslModes = ['disabled', 'preferred', 'required', 'verify_ca', 'verify_identity'] as const;

export const endpointSchema = configSchema(
  { id: schemaId('config'), title: 'SQL Connection' },
  {
    address: text({
      title: 'Address',
      description:
        'The host or host:port at which the database can be reached. The port is 3306 if you give none.',
      order: 0,
      minLength: 1,
    }),
    user: text({ title: 'User', description: 'The database user to connect as.', order: 1, minLength: 1 }),
    password: secret({ title: 'Password', description: "The user's password.", order: 2 }),
    database: text({
      title: 'Database',
      description: 'Name of the logical database to materialize to.',
      order: 3,
      minLength: 1,
    }),
    timezone: optional(
      text({
        title: 'Timezone',
        description:
          'The zone in which dates with times are written, as a name such as Europe/Berlin or an offset such as +01:00. If you give none it is the time_zone of the server.',
        order: 4,
      }),
    ),
    hardDelete: optional(
      flag({
        title: 'Hard Delete',
        description:
          'Removes a row when its document is deleted in the source. Otherwise the row stays, with _meta/op set to d.',
        default: false,
        order: 5,
      }),
    ),
    dbt_job_trigger: optional(
      section(
        {
          title: 'DBT Cloud Job Trigger',
          description: 'Runs a job of dbt Cloud when new data is there.',
        },
        {
          job_id: text({ title: 'Job ID', description: 'The ID of the job.' }),
          account_id: text({ title: 'Account ID', description: 'The ID of the account.' }),
          access_url: optional(
            text({
              title: 'Access URL',
              description: 'The access URL of the account.',
              pattern: '^https://.+$',
            }),
          ),
          api_key: secret({ title: 'API Key', description: 'The key of the API.' }),
          cause: optional(text({ title: 'Cause Message', description: 'Why the job is triggered.' })),
          mode: optional(
            choice(['skip', 'replace', 'ignore'], {
              title: 'Job Trigger Mode',
              description: 'What becomes of a job that is running already.',
              default: 'skip',
            }),
          ),
          interval: optional(
            text({
              title: 'Minimum Run Interval',
              description: 'The least time between two triggers.',
              default: '30m',
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
        sslmode: optional(
          choice(sslModes, {
            title: 'SSL Mode',
            description:
              'How to encrypt the connection: preferred (the default) encrypts if the server can, required insists on it, verify_ca and verify_identity also check the certificate of the server.',
          }),
        ),
        ssl_server_ca: optional(
          secret({
            title: 'SSL Server CA',
            description: 'Certificates (PEM) of the authorities that may have signed that of the server.',
            multiline: true,
          }),
        ),
        ssl_client_cert: optional(
          secret({
            title: 'SSL Client Certificate',
            description: 'Your certificate (PEM), if the server asks for one.',
            multiline: true,
          }),
        ),
        ssl_client_key: optional(
          secret({
            title: 'SSL Client Key',
            description: 'The key (PEM) of your certificate.',
            multiline: true,
          }),
        ),
        no_flow_document: optional(
          flag({
            title: 'Exclude Flow Document',
            description:
              'Tables have no column for the whole document; it is put together from the columns of its properties, of which those that are always there are then required.',
            default: false,
          }),
        ),
        feature_flags: optional(
          text({
            title: 'Feature Flags',
            description: 'A comma-separated list of flags that change what the connector does.',
          }),
        ),
      },
    ),
    networkTunnel: networkTunnelField(),
  },
);

export type EndpointConfig = ConfigOf<typeof endpointSchema>;

export const resourceSchema = configSchema(
  { id: schemaId('table-config'), title: 'SQL Table' },
  {
    table: text({
      title: 'Table',
      description: 'The name of the table. It is made if it does not exist.',
      order: 0,
      minLength: 1,
      'x-collection-name': true,
    }),
    additional_table_create_sql: optional(
      text({
        title: 'Additional Table Create SQL',
        description: 'Statements that are run after the table was made, separated by semicolons.',
        order: 1,
        multiline: true,
      }),
    ),
    delta_updates: optional(
      flag({
        title: 'Delta Update',
        description: 'Adds a row for every change, instead of keeping one row for each key.',
        default: false,
        order: 2,
        'x-delta-updates': true,
      }),
    ),
  },
);

export type ResourceConfig = ConfigOf<typeof resourceSchema>;
