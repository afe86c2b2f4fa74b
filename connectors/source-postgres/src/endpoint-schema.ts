// The endpoint configuration. Names, defaults and order are those of the catalogs in use; a value that cannot work is
// refused (see `checkConfig`), never ignored.

import {
  choice,
  type ConfigOf,
  configSchema,
  flag,
  integer,
  item,
  list,
  optional,
  optionalSection,
  text,
} from '@weir/schema/config';
import { networkTunnelField, withoutEmptyTunnel } from '@weir/network-tunnel';
import { addressField, credentialsField, tlsFields } from '@weir/postgres';
import { replacePolicies, truncatePolicies } from '@weir/sqlcapture';

export const endpointSchema = configSchema(
  {
    id: 'https://github.com/estuary/connectors/source-postgres/config',
    title: 'PostgreSQL Connection',
  },
  {
    address: addressField(),
    user: text({
      title: 'User',
      description: 'The database user to connect as.',
      default: 'flow_capture',
      order: 1,
    }),
    database: text({
      title: 'Database',
      description: 'Name of the logical database to capture from.',
      default: 'postgres',
      order: 2,
    }),
    historyMode: flag({
      title: 'History Mode',
      description: 'Capture each change event, without merging them into the latest state of their row.',
      default: false,
      order: 3,
      nonsensitive: true,
    }),
    credentials: credentialsField(4),
    discoveryFilters: optionalSection(
      {
        title: 'Discovery Filters',
        description: 'Which tables discovery proposes.',
      },
      {
        include_schemas: optional(
          list(item('string', { minLength: 1 }), {
            title: 'Include Schemas',
            description: 'Only tables of these schemas are discovered, if you name any.',
            nonsensitive: true,
          }),
        ),
        exclude_schemas: optional(
          list(item('string', { minLength: 1 }), {
            title: 'Exclude Schemas',
            description: 'Tables of these schemas are not discovered.',
            nonsensitive: true,
          }),
        ),
        table_patterns: optional(
          list(item('string'), {
            title: 'Table Patterns',
            description:
              'Only tables that match one of these patterns are discovered, if you give any: table or schema.table, with * for any text and ? for one character.',
            nonsensitive: true,
          }),
        ),
        discover_unpublished_tables: optional(
          flag({
            title: 'Discover Unpublished Tables',
            description: 'Also discover tables that the publication does not contain yet.',
            default: false,
            nonsensitive: true,
          }),
        ),
      },
    ),
    advanced: optionalSection(
      {
        title: 'Advanced Options',
        description: 'Options for advanced users. You should not typically need to change these.',
        advanced: true,
      },
      {
        publicationName: optional(
          text({
            title: 'Publication Name',
            description: 'The name of the PostgreSQL publication to replicate from.',
            default: 'flow_publication',
          }),
        ),
        slotName: optional(
          text({
            title: 'Slot Name',
            description: 'The name of the PostgreSQL replication slot to replicate from.',
            default: 'flow_slot',
          }),
        ),
        watermarksTable: optional(
          text({
            title: 'Watermarks Table',
            description:
              'The table that is written to with the feature flag watermarks; without that flag none is.',
            default: 'public.flow_watermarks',
            pattern: String.raw`^.+\..+$`,
          }),
        ),
        skip_backfills: optional(
          text({
            title: 'Skip Backfills',
            description:
              'A comma-separated list of fully-qualified table names which should not be backfilled, or *.* for all of them.',
          }),
        ),
        backfill_chunk_size: optional(
          integer({
            title: 'Backfill Chunk Size',
            description:
              'The number of rows which should be fetched from the database in a single backfill query.',
            default: 50_000,
            nonsensitive: true,
          }),
        ),
        backfill_connections: optional(
          integer({
            title: 'Backfill Connections',
            description:
              'How many connections read the rows of one table at the same time, each of them so many as Backfill Chunk Size says. More than one helps where the database is far away.',
            default: 1,
            minimum: 1,
            maximum: 16,
            nonsensitive: true,
          }),
        ),
        ...tlsFields('prefer, or require with a cloud identity'),
        discover_schemas: optional(
          list(item('string', { minLength: 1 }), {
            title: 'Discovery Schema Selection',
            description: 'Only tables of these schemas are discovered, if you name any.',
            nonsensitive: true,
          }),
        ),
        min_backfill_xid: optional(
          text({
            title: 'Minimum Backfill XID',
            description: 'Only backfill rows which were last written by this transaction or a later one.',
            pattern: '^[0-9]+$',
          }),
        ),
        read_only_capture: optional(
          flag({
            title: 'Read-Only Capture',
            description:
              'Never write to the source database. This connector only ever adds tables to the publication and, with the feature flag watermarks, writes rows of its own; this option forbids both.',
            default: false,
            nonsensitive: true,
          }),
        ),
        capture_as_partitions: optional(
          flag({
            title: 'Capture Partitioned Tables As Partitions',
            description: 'Discover the partitions of a partitioned table instead of its root.',
            default: false,
            nonsensitive: true,
          }),
        ),
        discover_unpublished_tables: optional(
          flag({
            title: 'Discover Unpublished Tables',
            description: 'Also discover tables that the publication does not contain yet.',
            default: false,
            nonsensitive: true,
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
        on_truncate: optional(
          choice(truncatePolicies, {
            title: 'On Truncate',
            description:
              'What to do when a table is truncated: go on with a warning, backfill the table again, or stop with an error.',
            default: 'ignore',
            nonsensitive: true,
          }),
        ),
        on_replaced: optional(
          choice(replacePolicies, {
            title: 'On Replaced',
            description:
              'What to do when a table was dropped or renamed and another one has its name: stop with an error, or backfill the new table into the same collection.',
            default: 'stop',
            nonsensitive: true,
          }),
        ),
        rediscovery_interval: optional(
          text({
            title: 'Rediscovery Interval',
            description: 'How often to look at the columns of your tables again, such as 15m or 1h.',
            default: '15m',
            pattern: '^[0-9]+(ms|s|m|h)$',
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
          choice(['', '0', '30s', '1m', '2m', '5m', '30m'], {
            title: 'Statement Timeout',
            description: 'The longest a query may take; two minutes if you choose none, without limit for 0.',
            default: '',
          }),
        ),
        discover_only_published: optional(
          flag({
            title: 'Discover Only Published Tables',
            description: 'Of old catalogs, and without meaning.',
            default: false,
            'x-hidden-field': true,
          }),
        ),
      },
    ),
    networkTunnel: networkTunnelField(),
  },
);

/**
 * Old catalogs have the password at the root, beside no credentials; a form leaves empty texts in fields that were
 * cleared, and may leave the tunnel's empty.
 */
export function upgradeConfig(given: Record<string, unknown>): Record<string, unknown> {
  const raw = withoutBlanks(withoutEmptyTunnel(given));
  const { password, ...rest } = raw;
  if (password === undefined || raw['credentials'] !== undefined) return raw;
  return { ...rest, credentials: { auth_type: 'UserPassword', password } };
}

function withoutBlanks(config: Record<string, unknown>): Record<string, unknown> {
  const { advanced } = config;
  if (typeof advanced !== 'object' || advanced === null) return config;
  return {
    ...config,
    advanced: Object.fromEntries(Object.entries(advanced).filter(([, value]) => value !== '')),
  };
}

export type EndpointConfig = ConfigOf<typeof endpointSchema>;
