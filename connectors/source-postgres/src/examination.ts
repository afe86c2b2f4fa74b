// What the next start of a capture would meet, by its committed state: whether everything after its position is still to be
// had, and whether the tables are those that were captured. A start finds the same by itself, and ends; this only looks.

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
  type TableMetadata,
} from '@weir/sqlcapture';
import type { SourceSettings } from './config.ts';
import type { ConnectionFactory } from './connection.ts';
import { readRelations } from './discovery/relations.ts';
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
  readonly log: Pick<Logger, 'info'>;
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
  for (const { resource, error } of await replacedTables(examination, live)) {
    if (settings.onReplaced === 'stop') failures.push(error);
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

async function replacedTables({ sql, asPartitions }: Examination, live: readonly LiveTable[]) {
  const streams = live.map(({ resource }) => resourceStream(resource));
  const relations = await readRelations(sql, { streams, asPartitions });
  return live.flatMap(({ resource, metadata }) => {
    const relation = findStream(relations, resourceStream(resource));
    if (relation === undefined || !isReplaced(metadata, { relation: String(relation.oid) })) return [];
    return [{ resource, error: replacedError({ resource }) }];
  });
}
