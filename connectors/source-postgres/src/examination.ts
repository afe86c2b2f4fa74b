// What the next start of a capture would meet, by its committed state: whether everything after its position is still to be
// had, whether the tables are those that were captured, and whether they were published all the time. A start finds the
// same by itself, and ends; this only looks, and may do so beside a capture that is running.

import type { Logger } from '@weir/connector';
import { parseLsn } from '@weir/pgwire';
import type { SqlSession } from '@weir/postgres';
import { WeirError } from '@weir/protocol';
import {
  CaptureState,
  findStream,
  isReplaced,
  isReplicated,
  replacedError,
  resourceStream,
  type ResourceConfig,
  streamLabel,
  type TableInfo,
  type TableMetadata,
} from '@weir/sqlcapture';
import type { SourceSettings } from './config.ts';
import type { ConnectionFactory } from './connection.ts';
import { BoundRelations } from './discovery/bound-relations.ts';
import { checkPublished, discoverPublished } from './publication-gap.ts';
import { checkContinuity } from './replication-slot.ts';
import { type ClusterIdentity, identifySystem } from './replication/timeline.ts';

export interface Examination {
  readonly sql: SqlSession;
  readonly connect: ConnectionFactory;
  readonly settings: SourceSettings;
  readonly asPartitions: boolean;
  /** As it was committed last. */
  readonly state: unknown;
  /** Bindings that go on from their state. */
  readonly continued: readonly { readonly resource: ResourceConfig; readonly stateKey: string }[];
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly signal: AbortSignal;
}

/** Everything that would end the capture at its start. */
export async function examineState(examination: Examination): Promise<readonly unknown[]> {
  const { settings, continued, log } = examination;
  const state = CaptureState.from(examination.state);
  const live = continued.flatMap(({ resource, stateKey }) => {
    const table = state.get(stateKey);
    return table === undefined || !isReplicated(table.mode) ? [] : [{ resource, metadata: table.metadata }];
  });
  if (state.cursor === undefined || live.length === 0) return [];
  const failures = await continuityFailures(examination, state.cursor, live);
  await tellReader(examination);
  const tables = await presentTables(examination, live);
  failures.push(...gapFailures(examination, tables));
  for (const { resource } of tables.filter(({ isAnother }) => isAnother)) {
    if (settings.onReplaced === 'stop') failures.push(replacedError({ resource }));
    else
      log.info(`another table has the name ${streamLabel(resourceStream(resource))}, and will be read anew`, {
        fix: 'Rows that only the old table had stay in the collection.',
      });
  }
  return failures;
}

interface LiveTable {
  readonly resource: ResourceConfig;
  readonly metadata: TableMetadata | undefined;
}

async function continuityFailures(
  examination: Examination,
  cursor: string,
  live: readonly LiveTable[],
): Promise<unknown[]> {
  const { sql, settings, signal } = examination;
  try {
    const cluster = await clusterOf(examination);
    await checkContinuity({
      sql,
      settings,
      cursor: parseLsn(cursor),
      cluster: cluster ?? unknownCluster,
      known: live.flatMap(({ metadata }) =>
        cluster === undefined || metadata === undefined ? [] : [metadata],
      ),
      signal,
      mayBeActive: true,
    });
    return [];
  } catch (failure) {
    return [failure];
  }
}

const unknownCluster: ClusterIdentity = {
  systemIdentifier: 'unknown',
  timeline: 0,
  timelineEnds: new Map(),
};

/** Undefined where no replication connection is to be had: the capture may have the only one. Why is told elsewhere. */
async function clusterOf({ connect, signal }: Examination): Promise<ClusterIdentity | undefined> {
  try {
    await using connection = await connect('replication', signal);
    return await identifySystem(connection);
  } catch (failure) {
    const code = failure instanceof WeirError ? failure.code : '';
    if (code === 'PG_ROLE' || code === 'PG_TOO_MANY_CONNECTIONS') return undefined;
    throw failure;
  }
}

/** It need not be this capture. */
async function tellReader({ sql, settings, log }: Examination): Promise<void> {
  const row = await sql.row(
    'cannot ask who reads the replication slot',
    `SELECT s.active_pid AS pid, host(a.client_addr) AS address FROM pg_catalog.pg_replication_slots s
       LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = s.active_pid WHERE s.slot_name = $1 AND s.active`,
    [settings.slot],
  );
  if (row === undefined) return;
  const address = row['address'] ?? '';
  const from = address === '' ? '' : ` from ${address}`;
  log.info(
    `the replication slot ${JSON.stringify(settings.slot)} is being read${from} (process ${row['pid'] ?? ''} of the server)`,
    {
      fix: 'Nothing is to be done if that is this capture, running. Otherwise give each capture a slotName of its own.',
    },
  );
}

interface PresentTable extends LiveTable {
  readonly info: TableInfo;
  /** Than the one that the state is of. */
  readonly isAnother: boolean;
}

async function presentTables(
  { sql, settings, asPartitions }: Examination,
  live: readonly LiveTable[],
): Promise<readonly PresentTable[]> {
  const streams = live.map(({ resource }) => resourceStream(resource));
  const relations = new BoundRelations(sql, asPartitions, settings.style);
  const tables = await discoverPublished(sql, settings.publication, () => relations.discover(streams));
  return live.flatMap(({ resource, metadata }) => {
    const info = findStream(tables, resourceStream(resource));
    if (info?.identity === undefined) return [];
    return [{ resource, metadata, info, isAnother: isReplaced(metadata, { relation: info.identity }) }];
  });
}

function gapFailures({ settings, log }: Examination, tables: readonly PresentTable[]): readonly unknown[] {
  const same = tables.filter(({ isAnother }) => !isAnother);
  try {
    checkPublished(
      same.map(({ info, metadata }) => ({ info, known: metadata ?? {} })),
      settings,
      log,
    );
    return [];
  } catch (failure) {
    return [failure];
  }
}
