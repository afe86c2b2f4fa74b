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
  secret,
  text,
} from '@weir/schema';
import { batchResourceSchema, parseSchedule, schedulePattern } from '@weir/sqlbatch';
import { errors } from './errors.ts';

export const endpointSchema = configSchema(
  { id: 'https://github.com/estuary/connectors/source-postgres-batch/config', title: 'Batch SQL' },
  {
    address: text({
      title: 'Server Address',
      description: 'The host or host:port at which the database can be reached.',
      order: 0,
    }),
    user: text({
      title: 'User',
      description: 'The database user to connect as.',
      default: 'flow_capture',
      order: 1,
    }),
    password: secret({ title: 'Password', description: "The user's password.", order: 2 }),
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
        sslmode: optional(
          choice(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'], {
            title: 'SSL Mode',
            description: 'How to encrypt the connection, as in libpq; prefer if you choose none.',
          }),
        ),
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

export const resourceSchema = batchResourceSchema(
  'https://github.com/estuary/connectors/source-postgres-batch/resource',
);

const flagDefaults = { keyless_row_id: true, emit_sourced_schemas: true } as const;

export interface SourceSettings {
  readonly host: string;
  readonly port: number;
  readonly defaultSchedule: string;
  readonly sourceTag: string | undefined;
  readonly includeSchemas: readonly string[];
  /** As the server spells it; undefined for its own. */
  readonly statementTimeout: string | undefined;
  readonly flags: { readonly keyless_row_id: boolean; readonly emit_sourced_schemas: boolean };
}

/** Throws PGBATCH_CONFIG_INVALID and the error of schedules. */
export function sourceSettings(config: EndpointConfig): SourceSettings {
  const { advanced } = config;
  const schedule = advanced.poll === undefined || advanced.poll === '' ? '5m' : advanced.poll;
  parseSchedule(schedule);
  if (advanced.discover_schemas?.includes('') === true) {
    throw errors.PGBATCH_CONFIG_INVALID({ message: '/advanced/discover_schemas has an empty name' });
  }
  const timeout = advanced.statement_timeout ?? '';
  return {
    ...splitAddress(config.address),
    defaultSchedule: schedule,
    sourceTag: advanced.source_tag === '' ? undefined : advanced.source_tag,
    includeSchemas: advanced.discover_schemas ?? [],
    statementTimeout: timeout === '' ? undefined : timeout.replace(/m$/, 'min'),
    flags: parseFeatureFlags(advanced.feature_flags, flagDefaults),
  };
}

/** `host`, `host:port`, `[::1]:port`, `::1` or a folder of a Unix socket. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const match = /^(\[[^\]]+\]|[^:]*):([0-9]+)$/.exec(address);
  if (match === null) return { host: address, port: 5432 };
  return { host: match[1] ?? '', port: Number(match[2]) };
}
