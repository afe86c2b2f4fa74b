// The endpoint configuration. Names, defaults and order are those of the catalogs in use; a value that cannot work is
// refused (see `checkConfig`), never ignored.

import {
  branch,
  choice,
  type ConfigOf,
  configSchema,
  flag,
  integer,
  item,
  list,
  oneOfWith,
  optional,
  optionalSection,
  parseFeatureFlags,
  secret,
  text,
} from '@weir/schema';
import { awsIamBranch, azureIamBranch, checkIamCredentials, gcpIamBranch } from '@weir/auth';
import { checkSshTunnel, networkTunnelField, withoutEmptyTunnel } from '@weir/network-tunnel';
import {
  compileTablePattern,
  replacePolicies,
  type ReplacePolicy,
  truncatePolicies,
  type TruncatePolicy,
} from '@weir/sqlcapture';
import { errors } from './errors.ts';
import { type ExpertSettings, expertSettings } from './expert-settings.ts';
import { type ValueStyle, valueStyle } from '@weir/postgres';
import { checkTls } from './tls.ts';

/** What an Azure token for a PostgreSQL server is for. */
export const AZURE_SCOPE = 'https://ossrdbms-aad.database.windows.net/.default';

export const endpointSchema = configSchema(
  {
    id: 'https://github.com/estuary/connectors/source-postgres/config',
    title: 'PostgreSQL Connection',
  },
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
    credentials: oneOfWith(
      'auth_type',
      {
        title: 'Authentication',
        description: 'How to authenticate with the database.',
        default: 'UserPassword',
        order: 4,
        'x-iam-auth': true,
        'x-iam-azure-scope': AZURE_SCOPE,
      },
      [
        branch(
          'UserPassword',
          { title: 'Password' },
          {
            password: secret({ title: 'Password', description: "The user's password.", order: 1 }),
          },
        ),
        awsIamBranch(),
        gcpIamBranch(),
        azureIamBranch(),
      ],
    ),
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
              'Accepted so that existing catalogs keep working. This connector needs no table to write to.',
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
        sslmode: optional(
          choice(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'], {
            title: 'SSL Mode',
            description:
              'How to encrypt the connection, as in libpq. If you choose none it is prefer, or require with a cloud identity.',
          }),
        ),
        ssl_server_ca: optional(
          text({
            title: 'SSL Server CA',
            description:
              'Certificates (PEM) of the authorities that may have signed that of the server; verify-ca and verify-full trust those of the system if you give none.',
            multiline: true,
          }),
        ),
        ssl_client_cert: optional(
          text({
            title: 'SSL Client Certificate',
            description: 'Your certificate (PEM), if the server asks for one.',
            multiline: true,
          }),
        ),
        ssl_client_key: optional(
          secret({
            title: 'SSL Client Key',
            description: 'The private key (PEM, without a passphrase) of the client certificate.',
            multiline: true,
          }),
        ),
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
              'Never write to the source database. This connector never does, except to add tables to the publication, which this option forbids.',
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

/** Old catalogs have the password at the root, beside no credentials; a tunnel's form may have been left empty. */
export function upgradeConfig(given: Record<string, unknown>): Record<string, unknown> {
  const raw = withoutEmptyTunnel(given);
  const { password, ...rest } = raw;
  if (password === undefined || raw['credentials'] !== undefined) return raw;
  return { ...rest, credentials: { auth_type: 'UserPassword', password } };
}

export type EndpointConfig = ConfigOf<typeof endpointSchema>;

const flagDefaults = {
  use_schema_inference: true,
  emit_sourced_schemas: true,
  create_replication_slot: true,
  skip_prerequisites: false,
  skip_table_prerequisites: false,
  /** An update of a row's key becomes a delete and a create; off: one update, and the old row stays downstream. */
  split_key_updates: true,
  date_as_date: true,
  time_as_time: true,
  flatten_arrays: true,
  multidimensional_arrays: false,
} as const;

export interface SourceSettings extends ExpertSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly slot: string;
  readonly publication: string;
  readonly chunkRows: number;
  readonly statementTimeout: string;
  readonly rediscoveryIntervalMs: number;
  readonly sourceTag: string | undefined;
  readonly readOnly: boolean;
  readonly onTruncate: TruncatePolicy;
  readonly onReplaced: ReplacePolicy;
  readonly flags: ReturnType<typeof featureFlags>;
  readonly style: ValueStyle;
  readonly isSkipped: (schema: string, table: string) => boolean;
}

export function featureFlags(config: EndpointConfig) {
  return parseFeatureFlags(config.advanced.feature_flags, flagDefaults);
}

/**
 * What the schema cannot say. Throws PG_CONFIG_INVALID and the errors of table patterns, tunnels and
 * cloud identities.
 */
export function checkConfig(config: EndpointConfig): void {
  if (/\.pooler\.supabase\.com(:6543)?$/.test(config.address)) {
    throw errors.PG_CONFIG_INVALID({
      message: `${config.address} is a connection pooler, which cannot replicate`,
      fix: 'Use the direct address of your Supabase database, db.<project>.supabase.co:5432.',
    });
  }
  for (const pattern of config.discoveryFilters.table_patterns ?? []) compileTablePattern(pattern);
  skippedTables(config);
  rediscoveryIntervalMs(config);
  expertSettings(config.advanced);
  if (config.credentials.auth_type !== 'UserPassword') checkIamCredentials(config.credentials);
  const forwarding = config.networkTunnel?.sshForwarding;
  if (forwarding !== undefined) checkSshTunnel({ ...forwarding, target: tunnelTarget(config) });
  checkTls(config);
}

export function sourceSettings(config: EndpointConfig): SourceSettings {
  const { advanced } = config;
  const skipped = skippedTables(config);
  return {
    ...expertSettings(advanced),
    ...splitAddress(config.address),
    user: config.user,
    database: config.database,
    slot: advanced.slotName ?? 'flow_slot',
    publication: advanced.publicationName ?? 'flow_publication',
    chunkRows: (advanced.backfill_chunk_size ?? 0) > 0 ? (advanced.backfill_chunk_size ?? 0) : 50_000,
    statementTimeout:
      advanced.statement_timeout === '' ? '2min' : goDurationToSetting(advanced.statement_timeout ?? '2m'),
    rediscoveryIntervalMs: rediscoveryIntervalMs(config),
    sourceTag: advanced.source_tag === '' ? undefined : advanced.source_tag,
    readOnly: advanced.read_only_capture ?? false,
    onTruncate: advanced.on_truncate ?? 'ignore',
    onReplaced: advanced.on_replaced ?? 'stop',
    flags: featureFlags(config),
    style: valueStyle(featureFlags(config)),
    isSkipped: (schema, table) => skipped.has('*.*') || skipped.has(`${schema}.${table}`.toLowerCase()),
  };
}

function skippedTables(config: EndpointConfig): ReadonlySet<string> {
  const list = (config.advanced.skip_backfills ?? '').split(',').map((table) => table.trim());
  const tables = list.filter((table) => table !== '');
  for (const table of tables) {
    if (table.includes('.')) continue;
    throw errors.PG_CONFIG_INVALID({
      message: `/advanced/skip_backfills names ${JSON.stringify(table)}, which has no schema`,
      fix: 'Write it as schema.table.',
    });
  }
  return new Set(tables.map((table) => table.toLowerCase()));
}

const durationUnitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function rediscoveryIntervalMs(config: EndpointConfig): number {
  const written = config.advanced.rediscovery_interval ?? '15m';
  const match = /^([0-9]+)(ms|s|m|h)$/.exec(written);
  const intervalMs = Number(match?.[1]) * (durationUnitsMs[match?.[2] ?? ''] ?? NaN);
  if (intervalMs >= 60_000 && intervalMs <= 8760 * 3_600_000) return intervalMs;
  throw errors.PG_CONFIG_INVALID({
    message: `/advanced/rediscovery_interval is ${written}, which is not between 1m and 8760h`,
    fix: 'Choose an interval such as 15m.',
  });
}

/** The server has its own spelling: min for minutes. */
function goDurationToSetting(duration: string): string {
  return duration.replace(/m$/, 'min');
}

/** The server as the SSH server knows it. */
export function tunnelTarget(config: EndpointConfig): { readonly host: string; readonly port: number } {
  const { host, port } = splitAddress(config.address);
  return { host: host.replaceAll(/^\[|\]$/g, ''), port };
}

/** `host`, `host:port`, `[::1]:port`, `::1` or a folder of a Unix socket. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const match = /^(\[[^\]]+\]|[^:]*):([0-9]+)$/.exec(address);
  if (match === null) return { host: address, port: 5432 };
  return { host: match[1] ?? '', port: Number(match[2]) };
}
