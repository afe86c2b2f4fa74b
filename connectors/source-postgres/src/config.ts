// What an endpoint configuration means: its settings in the units of the connector, and what its schema cannot say.

import { parseFeatureFlags } from '@weir/schema/config';
import {
  compileTablePattern,
  type ReplacePolicy,
  type StreamId,
  type TruncatePolicy,
} from '@weir/sqlcapture';
import { errors } from './errors.ts';
import { type ExpertSettings, expertSettings } from './expert-settings.ts';
import {
  checkEndpoint,
  refusePooler,
  serverDuration,
  splitAddress,
  type ValueStyle,
  valueStyle,
} from '@weir/postgres';
import type { EndpointConfig } from './endpoint-schema.ts';
import { watermarksReadOnlyError, watermarksStream } from './watermarks-table.ts';

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
  /** Fences and positions come from rows that are written, and not from keepalives. */
  watermarks: false,
  /** A publication that may have left changes out is a warning, and what it is by now is taken over. */
  accept_publication_gap: false,
  /** Chunks whose size was chosen grow as well. */
  lengthen_chunks: false,
} as const;

export interface SourceSettings extends ExpertSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly slot: string;
  readonly publication: string;
  readonly chunkRows: number;
  /** Where nobody says how many rows a query may have, and no other one has to be asked where its parts end. */
  readonly lengthensChunks: boolean;
  /** Of documents, between two checkpoints within a chunk. */
  readonly chunkCheckpointBytes: number;
  /** That read one chunk at the same time. */
  readonly backfillConnections: number;
  readonly statementTimeout: string;
  readonly rediscoveryIntervalMs: number;
  readonly sourceTag: string | undefined;
  readonly readOnly: boolean;
  readonly onTruncate: TruncatePolicy;
  readonly onReplaced: ReplacePolicy;
  /** Where watermarks are written, if they are asked for; what discovery leaves out in any case. */
  readonly watermarksTable: StreamId;
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
  refusePooler(config.address, 'which cannot replicate');
  for (const pattern of config.discoveryFilters.table_patterns ?? []) compileTablePattern(pattern);
  checkSlotName(config);
  if (featureFlags(config).watermarks && config.advanced.read_only_capture)
    throw watermarksReadOnlyError('/advanced/read_only_capture forbids that');
  skippedTables(config);
  rediscoveryIntervalMs(config);
  expertSettings(config.advanced);
  checkEndpoint(config);
}

/** The rule is the server's (PostgreSQL manual: "Logical Replication", "Replication Slots"). */
function checkSlotName({ advanced: { slotName } }: EndpointConfig): void {
  if (slotName === undefined || /^[a-z0-9_]{1,63}$/.test(slotName)) return;
  throw errors.PG_CONFIG_INVALID({
    message: `/advanced/slotName is ${JSON.stringify(slotName)}, and the server takes no such name for a slot`,
    fix: 'Use up to 63 lower-case letters, digits and underscores.',
  });
}

const USUAL_CHUNK_ROWS = 50_000;
const USUAL_CHECKPOINT_BYTES = 8 * 1024 ** 2;

export function sourceSettings(config: EndpointConfig): SourceSettings {
  const { advanced } = config;
  const expert = expertSettings(advanced);
  const chunkRows = advanced.backfill_chunk_size ?? 0;
  const isChosen = chunkRows > 0 && chunkRows !== USUAL_CHUNK_ROWS;
  const backfillConnections = advanced.backfill_connections ?? 1;
  const skipped = skippedTables(config);
  const flags = featureFlags(config);
  const lengthensChunks =
    (!isChosen || flags.lengthen_chunks) && backfillConnections === 1 && expert.minBackfillXid === undefined;
  return {
    ...expert,
    ...splitAddress(config.address),
    user: config.user,
    database: config.database,
    slot: advanced.slotName ?? 'flow_slot',
    publication: advanced.publicationName ?? 'flow_publication',
    chunkRows: isChosen ? chunkRows : USUAL_CHUNK_ROWS,
    lengthensChunks,
    // Small chunks that have grown hold checkpoints in place of those at their ends.
    chunkCheckpointBytes:
      isChosen && lengthensChunks
        ? Math.ceil(USUAL_CHECKPOINT_BYTES * Math.min(1, chunkRows / USUAL_CHUNK_ROWS))
        : USUAL_CHECKPOINT_BYTES,
    backfillConnections,
    statementTimeout:
      advanced.statement_timeout === '' ? '2min' : serverDuration(advanced.statement_timeout ?? '2m'),
    rediscoveryIntervalMs: rediscoveryIntervalMs(config),
    sourceTag: advanced.source_tag === '' ? undefined : advanced.source_tag,
    readOnly: advanced.read_only_capture ?? false,
    onTruncate: advanced.on_truncate ?? 'ignore',
    onReplaced: advanced.on_replaced ?? 'stop',
    watermarksTable: watermarksStream(advanced.watermarksTable ?? 'public.flow_watermarks'),
    flags,
    style: valueStyle(flags),
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
