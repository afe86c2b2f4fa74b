// The endpoint configuration, with the names, defaults and order of the catalogs in use.

import { networkTunnelField } from '@weir/network-tunnel';
import {
  choice,
  type ConfigOf,
  configSchema,
  flag,
  item,
  list,
  optional,
  optionalSection,
  parseFeatureFlags,
  text,
} from '@weir/schema';
import {
  addressField,
  connectionErrors,
  passwordField,
  type PostgresEndpoint,
  serverDuration,
  tlsFields,
} from '@weir/postgres';
import { batchResourceSchema, parseSchedule, schedulePattern } from '@weir/sqlbatch';

export const endpointSchema = configSchema(
  { id: 'https://github.com/estuary/connectors/source-postgres-batch/config', title: 'Batch SQL' },
  {
    address: addressField(),
    user: text({
      title: 'User',
      description: 'The database user to connect as.',
      default: 'flow_capture',
      order: 1,
    }),
    password: passwordField(2),
    database: text({
      title: 'Database',
      description: 'Name of the logical database to capture from.',
      default: 'postgres',
      order: 3,
    }),
    advanced: optionalSection(
      {
        title: 'Advanced Options',
        description: 'Options for advanced users. You should not typically need to change these.',
        advanced: true,
      },
      {
        discover_views: optional(
          flag({
            title: 'Discover Views',
            description: 'Also discover views. Each poll of a view reads all of it, until it gets a cursor.',
            default: false,
            nonsensitive: true,
          }),
        ),
        poll: optional(
          text({
            title: 'Default Polling Schedule',
            description:
              'When to run queries: an interval such as 5m or 6h, or a time of day in UTC such as daily at 12:34Z. Five minutes if it is empty.',
            pattern: `^$|${schedulePattern}`,
            nonsensitive: true,
          }),
        ),
        discover_schemas: optional(
          list(item('string'), {
            title: 'Discovery Schema Selection',
            description: 'Only tables of these schemas are discovered, if you name any.',
            nonsensitive: true,
          }),
        ),
        ...tlsFields('prefer'),
        source_tag: optional(
          text({
            title: 'Source Tag',
            description:
              'A text to add to each captured document, as the property tag of its source metadata.',
            nonsensitive: true,
          }),
        ),
        feature_flags: optional(
          text({
            title: 'Feature Flags',
            description: 'A comma-separated list of flags, for internal use.',
            nonsensitive: true,
          }),
        ),
        statement_timeout: optional(
          choice(['', '30s', '1m', '5m', '30m'], {
            title: 'Statement Timeout',
            description: 'The longest a query may take. The setting of the server if you choose none.',
            default: '',
            nonsensitive: true,
          }),
        ),
      },
    ),
    networkTunnel: networkTunnelField(),
  },
);

export type EndpointConfig = ConfigOf<typeof endpointSchema>;

/** How to reach the server: catalogs in use have the password at the root. */
export function endpointOf(config: EndpointConfig): PostgresEndpoint {
  return { ...config, credentials: { auth_type: 'UserPassword', password: config.password } };
}

export const resourceSchema = batchResourceSchema(
  'https://github.com/estuary/connectors/source-postgres-batch/resource',
);

const flagDefaults = { keyless_row_id: true, emit_sourced_schemas: true } as const;

export interface SourceSettings {
  readonly defaultSchedule: string;
  readonly sourceTag: string | undefined;
  readonly includeSchemas: readonly string[];
  /** As the server spells it; undefined for its own. */
  readonly statementTimeout: string | undefined;
  readonly flags: { readonly keyless_row_id: boolean; readonly emit_sourced_schemas: boolean };
}

/** Throws PG_CONFIG_INVALID and the error of schedules. */
export function sourceSettings(config: EndpointConfig): SourceSettings {
  const { advanced } = config;
  const schedule = advanced.poll === undefined || advanced.poll === '' ? '5m' : advanced.poll;
  parseSchedule(schedule);
  if (advanced.discover_schemas?.includes('') === true) {
    throw connectionErrors.PG_CONFIG_INVALID({ message: '/advanced/discover_schemas has an empty name' });
  }
  const timeout = advanced.statement_timeout ?? '';
  return {
    defaultSchedule: schedule,
    sourceTag: advanced.source_tag === '' ? undefined : advanced.source_tag,
    includeSchemas: advanced.discover_schemas ?? [],
    statementTimeout: timeout === '' ? undefined : serverDuration(timeout),
    flags: parseFeatureFlags(advanced.feature_flags, flagDefaults),
  };
}
